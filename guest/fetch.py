#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Fetch Debian packages with apt, through a private apt state.

    fetch.py [--suite NAME] [--architecture NAME] STATE_DIR PACKAGE_DIR PACKAGE...
    fetch.py --source STATE_DIR PACKAGE_DIR PACKAGE...

They are the host's own release's for arm64, unless --suite names another release, which is looked for at the host's
mirrors, or --architecture another architecture ("host": the host's). With --source they are the sources of packages, and
STATE_DIR is one of their own; each lands as a folder PACKAGE_DIR/PACKAGE.source with its .dsc and what that names.

STATE_DIR holds apt's own lists, cache, status and configuration: the host's apt and dpkg are only read (its
Debian sources, keyrings and download settings such as a proxy). Each package lands as PACKAGE_DIR/PACKAGE.deb;
a metapackage of the kernel is followed to the kernel package of the same flavour. apt checks signatures and
checksums. What is already there is not fetched again, and then no network is needed. Root is not needed.
"""

import argparse
import fcntl
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from progress import Progress, growth, mib

GUESTS_ARCHITECTURE = "arm64"
COMPONENT = "main"


def stanzas_of_sources(text):
    """The stanzas of a deb822 file as dicts of lower-case field to text; continuation lines kept."""
    stanza, field = {}, None
    for line in text.splitlines() + [""]:
        if line.startswith("#"):
            continue
        if not line.strip():
            if stanza:
                yield stanza
            stanza, field = {}, None
        elif line[0] in " \t" and field:
            stanza[field] += "\n" + line
        elif ":" in line:
            field, _, value = line.partition(":")
            field = field.strip().lower()
            stanza[field] = value.strip()


def stanzas_of_list(text):
    """The lines of a one-line-style file as deb822 stanzas."""
    for line in text.splitlines():
        match = re.match(r"\s*deb\s+(?:\[([^]]*)\]\s*)?(\S+)\s+(\S+)\s+([^#]+)", line)
        if match:
            options, uri, suite, components = match.groups()
            stanza = {"types": "deb", "uris": uri, "suites": suite, "components": components.strip()}
            for option in (options or "").split():
                name, _, value = option.partition("=")
                stanza[name.lower()] = value.replace(",", " ")
            yield stanza


def host_stanzas():
    """All package sources of the host, as deb822 stanzas."""
    etc = Path("/etc/apt")
    files = [etc / "sources.list", *sorted((etc / "sources.list.d").glob("*"))]
    for file in files:
        if file.is_file() and file.suffix in (".list", ".sources"):
            reader = stanzas_of_sources if file.suffix == ".sources" else stanzas_of_list
            yield from reader(file.read_text(errors="replace"))


def debian_suites(pockets):
    """Names under which the host's own release appears in its sources, with each of `pockets` behind it."""
    release = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    codename = release.get("VERSION_CODENAME", "").strip('"')
    names = {codename, "stable", "oldstable", "testing", "unstable", "sid"} - {""}
    return {name + pocket for name in names for pocket in pockets}


def debian_sources(suite, kind):
    """Our sources.list: the host's sources of its own release, reduced to the main component; or what its mirrors have of
    the release `suite`. `kind`: deb, or deb-src, which mirrors have whether the host names it or not."""
    suites = debian_suites(("",) if suite else ("", "-updates", "-security", "/updates"))
    out = []
    for stanza in host_stanzas():
        chosen = [s for s in stanza.get("suites", "").split() if s.rstrip("/") in suites]
        uris = [u for u in stanza.get("uris", "").split() if not u.startswith("cdrom:")]
        if (not chosen or not uris or "deb" not in stanza.get("types", "").split() or
                COMPONENT not in stanza.get("components", "").split() or
                stanza.get("enabled", "yes").lower() in ("no", "false")):
            continue
        lines = ["Types: " + kind, "URIs: " + " ".join(uris), "Suites: " + (suite or " ".join(chosen)), "Components: " + COMPONENT]
        lines += [f"{field}: {stanza[field]}"
                  for field in ("signed-by", "trusted", "check-valid-until", "check-date") if field in stanza]
        out.append("\n".join(lines) + "\n")
    if not out:
        sys.exit("fetch.py: /etc/apt names no source of this Debian release's main component; add one, as "
                 "Debian's installer does")
    return "\n".join(out)


def host_download_settings():
    """The host's Acquire settings (proxies, retries), in apt.conf syntax."""
    dump = subprocess.run(["apt-config", "dump"], check=True, stdout=subprocess.PIPE, text=True).stdout
    return "\n".join(line for line in dump.splitlines()
                     if line.startswith("Acquire::") and not line.startswith(("Acquire::Languages", "Acquire::IndexTargets")))


def write_configuration(state, wanted):
    """Create the private state; returns the environment in which apt uses it."""
    for folder in ("state/lists/partial", "cache/archives/partial", "log", "empty"):
        (state / folder).mkdir(parents=True, exist_ok=True)
    (state / "status").write_text("")
    (state / "debian.sources").write_text(debian_sources(wanted.suite, "deb-src" if wanted.source else "deb"))
    # A third party's repository may use Debian's suite names: nothing but Debian's packages may be chosen.
    (state / "preferences").write_text("Package: *\nPin: release o=Debian\nPin-Priority: 500\n\n"
                                       "Package: *\nPin: release o=Debian Backports\nPin-Priority: 500\n\n"
                                       "Package: *\nPin: origin *\nPin-Priority: -1\n")
    (state / "apt.conf").write_text(f"""{host_download_settings()}
Dir::State "{state}/state";
Dir::State::status "{state}/status";
Dir::Cache "{state}/cache";
Dir::Log "{state}/log";
Dir::Etc::main "{state}/empty/none";
Dir::Etc::parts "{state}/empty";
Dir::Etc::sourcelist "{state}/debian.sources";
Dir::Etc::sourceparts "{state}/empty";
Dir::Etc::preferences "{state}/preferences";
Dir::Etc::preferencesparts "{state}/empty";
APT::Architecture "{wanted.architecture}";
APT::Architectures {{ "{wanted.architecture}"; }};
APT::Sandbox::User "root";
APT::Get::List-Cleanup "false";
Acquire::Languages "none";
Acquire::Retries "3";
""")
    return {**os.environ, "APT_CONFIG": str(state / "apt.conf"), "LC_ALL": "C.UTF-8"}


def real_package(env, package):
    """`package`, or for a kernel metapackage the versioned kernel package that it depends on."""
    show = subprocess.run(["apt-cache", "show", "--no-all-versions", package], env=env, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True)
    if show.returncode != 0 or not show.stdout:
        return None
    depends = re.search(r"^Depends: (.*)$", show.stdout, re.MULTILINE)
    kernel = re.match(r"(linux-image-[0-9][^ ,]*)", depends.group(1)) if depends else None
    return kernel.group(1) if package.startswith("linux-image-") and kernel else package


def sizes_of(env, packages):
    """Bytes of the packages, as the lists have it: {name: bytes}."""
    show = subprocess.run(["apt-cache", "show", "--no-all-versions", *packages], env=env, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, check=False).stdout
    return {name: int(size) for name, size in re.findall(r"^Package: (.*)$(?:\n.+$)*?\nSize: (\d+)$", show, re.MULTILINE)}


def apt_download(env, packages, folder, said, check):
    """Download packages into `folder`, and say so in a line; a terminal sees how far it is."""
    total = sum(sizes_of(env, packages).values())
    print(f"  FETCH    {said} ({mib(total)} MiB)", flush=True)
    with Progress("fetching", growth(folder, total)):
        subprocess.run(["apt-get", "-qq", "download", *packages], env=env, cwd=folder, check=check)


def download(env, package, destination):
    """Download `package` and put it at `destination`; False if the sources don't have it."""
    real = real_package(env, package)
    if real is None:
        return False
    folder = destination.parent / (package + ".partial")
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    apt_download(env, [real], folder, real, check=True)
    (deb,) = folder.glob("*.deb")
    deb.rename(destination)
    folder.rmdir()
    return True


def download_together(env, packages, folder):
    """Download many packages with one run of apt, which takes longer to start than to download most of them. What
    isn't there afterwards must be fetched by itself."""
    together = folder / "together.partial"
    together.mkdir(parents=True, exist_ok=True)
    apt_download(env, packages, together, f"{len(packages)} packages: {' '.join(packages)}", check=False)
    for deb in together.glob("*_*.deb"):
        deb.rename(folder / (deb.name.split("_")[0] + ".deb"))
    shutil.rmtree(together)


def download_source(env, package, destination):
    """Download the source of `package` into the folder `destination`; False if the sources don't have it."""
    print(f"  FETCH    {package} (source)", flush=True)
    folder = destination.with_suffix(".partial")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    result = subprocess.run(["apt-get", "-qq", "--download-only", "source", package], env=env, cwd=folder, check=False)
    if result.returncode == 0:
        folder.rename(destination)
    return result.returncode == 0


def fetch_source(env, state, wanted, package, destination):
    if has_lists(state) and download_source(env, package, destination):
        return
    update(env, state, wanted)
    if not download_source(env, package, destination):
        sys.exit(f"fetch.py: this Debian release has no source of {package} at the host's mirror, or the mirror was not reached")


def has_lists(state):
    return any(any((state / "state/lists").glob(pattern)) for pattern in ("*_Packages*", "*_Sources*"))


def update(env, state, wanted):
    release = f"{wanted.suite} " if wanted.suite else ""
    what = "sources" if wanted.source else wanted.architecture
    print(f"  FETCH    Debian's package lists of {release}for {what}", flush=True)
    # What apt cannot fetch is a warning to it otherwise, and then packages seem not to exist.
    with Progress("fetching lists", growth(state / "state/lists")):
        subprocess.run(["apt-get", "-qq", "-o", "APT::Update::Error-Mode=any", "update"], env=env, check=True)


def fetch(env, state, wanted, package, destination):
    """Download with the lists that are there; if they are missing or out of date, with fresh ones."""
    if has_lists(state):
        try:
            if download(env, package, destination):
                return
        except subprocess.CalledProcessError:
            pass
    update(env, state, wanted)
    if not download(env, package, destination):
        sys.exit(f"fetch.py: {wanted.suite or 'this Debian release'} has no package {package} for {wanted.architecture} at "
                 "the host's mirror, or the mirror was not reached")


def parse_arguments():
    parser = argparse.ArgumentParser(description="Fetch Debian packages with apt, through a private apt state.")
    parser.add_argument("--suite", help="a release of Debian's [the host's own]")
    parser.add_argument("--architecture", default=GUESTS_ARCHITECTURE, help=f"host: the host's [{GUESTS_ARCHITECTURE}]")
    parser.add_argument("--source", action="store_true", help="the packages' sources")
    parser.add_argument("state", type=Path, metavar="STATE_DIR")
    parser.add_argument("packages", type=Path, metavar="PACKAGE_DIR")
    parser.add_argument("names", nargs="+", metavar="PACKAGE")
    wanted = parser.parse_args()
    if wanted.architecture == "host":
        wanted.architecture = subprocess.run(["dpkg", "--print-architecture"], check=True, stdout=subprocess.PIPE,
                                             text=True).stdout.strip()
    return wanted


def main():
    wanted = parse_arguments()
    state, packages = wanted.state.resolve(), wanted.packages
    state.mkdir(parents=True, exist_ok=True)
    packages.mkdir(parents=True, exist_ok=True)
    with open(state / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ending = ".source" if wanted.source else ".deb"
        missing = [p for p in wanted.names if not (packages / (p + ending)).exists()]
        env = write_configuration(state, wanted) if missing else {}
        together = [p for p in missing if not p.startswith("linux-image-") and not wanted.source]
        if len(together) > 1:
            if not has_lists(state):
                update(env, state, wanted)
            download_together(env, together, packages)
        for package in missing:
            destination = packages / (package + ending)
            if not destination.exists():
                (fetch_source if wanted.source else fetch)(env, state, wanted, package, destination)


def explain(error):
    """Why apt failed, as far as can be told, and what can be built all the same."""
    wanted = parse_arguments()
    packages = wanted.packages
    there = sorted(path.stem for path in packages.glob("*.source" if wanted.source else "*.deb"))
    missing = [name for name in wanted.names if name not in there]
    return (f"fetch.py: {' '.join(map(str, error.cmd))} failed: Debian's mirror was not reached, so there is no network, or a proxy "
            f"is missing.\nNot downloaded yet: {', '.join(missing) or 'nothing'}. {len(there)} packages are in {packages}: what is made "
            "of those can be built without a network.")


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(explain(error))
