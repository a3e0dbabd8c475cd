/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * xterm.js as a browser takes it. Debian 12 has it as modules for Node.js (package node-xterm; the file of libjs-xterm is one
 * that no browser runs), which are put into one script here: an object `causewayModules` with a function for each, that the
 * page's own script loads. Nothing is changed in them.
 */
#pragma once

/** Where Debian's packages have it. */
#define BUNDLE_FOLDER "/usr/share/nodejs/xterm/lib"
#define BUNDLE_STYLE "/usr/share/javascript/xterm/xterm.css"

/** A file without a name that has the script; -1, and what is wrong has been printed, if that fails. */
int bundle_open(const char *folder);
