/* SPDX-License-Identifier: BSD-2-Clause */
/* `causeway-verify`: the program. */

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "verify/verify.h"

static const char usage[] =
    "usage: causeway-verify [--quiet] IMAGE\n"
    "\n"
    "Proves from the final image that its protection domains and virtual machines are isolated as the "
    "system\n"
    "description declares: walks every translation table and every row of the system descriptor.\n"
    "\n"
    "  --quiet   print nothing when the proof succeeds\n"
    "\n"
    "Exit code: 0 proved, 1 violated (each violation on one line), 2 not an image of Causeway.\n";

static void print_summary(const char *path, const struct verify_summary *summary)
{
    printf("%s: isolation of \"%s\" proved\n", path, summary->name);
    printf("  %u protection domains and %u virtual machines; %zu translation tables, %llu mapped pages\n",
           summary->pd_count, summary->vm_count, summary->table_count,
           (unsigned long long)summary->sharing.pages);
    printf("  declared regions that are shared: %u; devices, each with one owner: %u\n",
           summary->sharing.shared_region_count, summary->sharing.device_count);
}

static int judge(const char *path, const uint8_t *image, size_t bytes, bool quiet)
{
    struct findings findings = {0};
    struct verify_summary summary = {0};
    enum verify_verdict verdict = verify_image(image, bytes, &findings, &summary);
    if (verdict == VERIFY_MALFORMED) {
        fprintf(stderr, "%s: malformed image: %s\n", path, findings.malformed);
    }
    findings_print(&findings, path, stderr);
    if (verdict == VERIFY_PROVED && !quiet) {
        print_summary(path, &summary);
    }
    findings_free(&findings);
    return (int)verdict;
}

static int verify_file(const char *path, bool quiet)
{
    struct stat status;
    void *image = MAP_FAILED;
    int code;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) != 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
    } else if (!S_ISREG(status.st_mode) || status.st_size == 0) {
        fprintf(stderr, "%s: malformed image: not a file with anything in it\n", path);
    } else {
        image = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (image == MAP_FAILED) {
            fprintf(stderr, "%s: %s\n", path, strerror(errno));
        }
    }
    if (fd >= 0) {
        close(fd);
    }
    if (image == MAP_FAILED) {
        return VERIFY_MALFORMED;
    }
    code = judge(path, image, (size_t)status.st_size, quiet);
    munmap(image, (size_t)status.st_size);
    return code;
}

int main(int argc, char **argv)
{
    bool quiet = false;
    const char *path = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(usage, stdout);
            return 0;
        }
        if (strcmp(argv[i], "--quiet") == 0 || strcmp(argv[i], "-q") == 0) {
            quiet = true;
        } else if (path == NULL && argv[i][0] != '-') {
            path = argv[i];
        } else {
            fprintf(stderr, "causeway verify: unexpected argument \"%s\"\n%s", argv[i], usage);
            return VERIFY_MALFORMED;
        }
    }
    if (path == NULL) {
        fputs(usage, stderr);
        return VERIFY_MALFORMED;
    }
    return verify_file(path, quiet);
}
