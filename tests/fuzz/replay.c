/* SPDX-License-Identifier: BSD-2-Clause */
/* main() of a fuzzer without libFuzzer: every file in the folders that it is given, once. Folders may be
 * missing. */
#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_BYTES 4096u
#define INPUT_MAX_BYTES (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(INPUT_MAX_BYTES);

    if (file != NULL && data != NULL) {
        const size_t size = fread(data, 1, INPUT_MAX_BYTES, file);
        (void)LLVMFuzzerTestOneInput(data, size);
    }
    free(data);
    if (file != NULL) {
        (void)fclose(file);
    }
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        DIR *folder = opendir(argv[i]);
        const struct dirent *entry;

        while (folder != NULL && (entry = readdir(folder)) != NULL) {
            char path[PATH_BYTES];

            if (entry->d_name[0] != '.' &&
                snprintf(path, sizeof path, "%s/%s", argv[i], entry->d_name) < (int)sizeof path) {
                replay(path);
            }
        }
        if (folder != NULL) {
            (void)closedir(folder);
        }
    }
    return 0;
}
