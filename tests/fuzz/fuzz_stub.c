/* SPDX-License-Identifier: BSD-2-Clause */
/* What `causeway dump` takes for a debugger's stub says what it likes: packets stay in bounds, have a NUL behind them, and end. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "console/stub.h"

#define MAX_BYTES 16384u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct stub stub;
    int ends[2];

    size = size < MAX_BYTES ? size : MAX_BYTES;
    memset(&stub, 0, sizeof(stub));
    require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    stub.fd = ends[0];
    require(size == 0 || send(ends[1], data, size, 0) == (ssize_t)size);
    (void)shutdown(ends[1], SHUT_WR);
    for (size_t packets = 0; stub_receive(&stub); packets++) {
        require(packets < size && stub.packet_bytes <= STUB_PACKET_BYTES &&
                stub.packet[stub.packet_bytes] == '\0');
    }
    close(ends[0]);
    close(ends[1]);
    return 0;
}
