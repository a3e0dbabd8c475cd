#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Make a Debian package of what has been built: `make deb`. Needs dpkg-deb, no network and no root.

    make_deb.py --build FOLDER --guest-dir FOLDER --boards ... --guests ... --pds ...

The package is BUILD/causeway_VERSION_ARCHITECTURE.deb. The libraries that the tool is linked with become its dependencies,
as the packages of this machine are called.
"""

import argparse
import os
import re
import shutil
import subprocess
from pathlib import Path

from install import ROOT, TOOLS, add_arguments, install

CONTROL = """Package: causeway
Version: {version}
Architecture: {architecture}
Maintainer: Causeway's authors <causeway@localhost>
Section: admin
Priority: optional
Depends: {depends}
Recommends: gcc-aarch64-linux-gnu, make, qemu-system-arm
Suggests: bash-completion, tmux, node-xterm, device-tree-compiler
Installed-Size: {kib}
Description: virtual machines side by side on a separation kernel, for AArch64
 The tool that makes a bootable image of a description of virtual machines,
 switches and disks, the kernel and the programs that go into the image, and
 headers and libraries for protection domains of one's own.
"""


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def package_of(library):
    """The package that has a file; dpkg knows it by one of its names, as /lib may be /usr/lib."""
    for name in (library, os.path.realpath(library), "/usr" + library, library.removeprefix("/usr")):
        found = subprocess.run(["dpkg-query", "-S", name], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        if found.returncode == 0:
            return found.stdout.split(":")[0]
    raise SystemExit(f"make_deb.py: {library} is of no package, so the package would not say what it needs")


def dependencies(build):
    """The packages of the libraries that the tools name."""
    packages = set()
    for tool in TOOLS:
        needed = set(re.findall(r"NEEDED\s+(\S+)", output("objdump", "-p", build / tool)))
        for name, path in re.findall(r"(\S+) => (/\S+)", output("ldd", build / tool)):
            if name in needed:
                packages.add(package_of(path))
    return sorted(packages)


def main():
    parser = argparse.ArgumentParser(description="Make a Debian package of what has been built.")
    add_arguments(parser)
    wanted = parser.parse_args()
    wanted.prefix, wanted.destdir = Path("/usr"), str(wanted.build.resolve() / "deb")
    shutil.rmtree(wanted.destdir, ignore_errors=True)
    os.umask(0o022)
    install(wanted)
    folder = Path(wanted.destdir)
    kib = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) // 1024
    version = (ROOT / "VERSION").read_text(encoding="utf-8").strip()
    architecture = output("dpkg", "--print-architecture").strip()
    (folder / "DEBIAN").mkdir()
    (folder / "DEBIAN" / "control").write_text(CONTROL.format(
        version=version, architecture=architecture, depends=", ".join(dependencies(wanted.build)), kib=kib), encoding="utf-8")
    (folder / "usr/share/doc/causeway/copyright").write_text((ROOT / "LICENSE").read_text(encoding="utf-8"), encoding="utf-8")
    package = wanted.build / f"causeway_{version}_{architecture}.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Zxz", "-z1", "--build", folder, package], check=True,
                   stdout=subprocess.DEVNULL)
    shutil.rmtree(folder)
    print(f"  DEB      {package}")


if __name__ == "__main__":
    main()
