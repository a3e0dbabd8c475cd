#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Make a plain arm64 Image of a Debian kernel.

    make_image.py VMLINUZ IMAGE

Debian ships the Image as it is, gzipped, or as an EFI zboot program with a compressed payload, depending on
the release. IMAGE is what Linux's Documentation/arch/arm64/booting.rst describes.
"""

import gzip
import lzma
import struct
import subprocess
import sys
from pathlib import Path


def is_image(data):
    return data[56:60] == b"ARM\x64"


def zboot_payload(data):
    """The decompressed payload of an EFI zboot program (drivers/firmware/efi/libstub/zboot-header.S)."""
    offset, size = struct.unpack_from("<II", data, 8)
    method = data[24:56].split(b"\0")[0].decode()
    payload = data[offset:offset + size]
    if method == "gzip":
        return gzip.decompress(payload)
    if method in ("xzkern", "lzma"):
        return lzma.decompress(payload)
    if method.startswith("zstd"):
        return subprocess.run(["zstd", "-dcq"], input=payload, check=True, stdout=subprocess.PIPE).stdout
    sys.exit(f"make_image.py: zboot payload compressed with {method}, which is not supported")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    data = source.read_bytes()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    if data[4:8] == b"zimg":
        data = zboot_payload(data)
    if not is_image(data):
        sys.exit(f"make_image.py: {source} is no arm64 kernel")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)


if __name__ == "__main__":
    main()
