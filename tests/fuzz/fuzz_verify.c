/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Feeds causeway-verify with damaged images: the input is a list of patches to a sound image, or, when it
 * starts like an ELF file, the image itself, or, when it starts like a policy, that of the sound image.
 * Images are judged alone, and with a policy and a kernel. It must neither crash nor hang.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/mock/verify_forge.h"
#include "verify/verify.h"

/** One patch: 4 bytes of offset, 1 of how, 8 of value. */
enum { PATCH_BYTES = 13, PATCHES_MAX = 64 };

static size_t sound_bytes;
static uint8_t *sound;
static uint8_t *damaged; /* equal to `sound` between runs: copying a megabyte each time is slow */

static uint32_t patch_offset(const uint8_t *data)
{
    uint32_t offset;
    memcpy(&offset, data, sizeof offset);
    return offset % (uint32_t)(sound_bytes - 8) & ~7u;
}

static void patch(uint8_t *image, const uint8_t *data)
{
    uint32_t offset = patch_offset(data);
    uint64_t value;
    uint64_t old;
    memcpy(&value, data + 5, sizeof value);
    memcpy(&old, image + offset, sizeof old);
    switch (data[4] % 4) {
    case 0:
        break;
    case 1:
        value = old ^ 1ull << value % 64;
        break;
    case 2:
        value = old + (value % 16 << 12) - 0x8000;
        break;
    default:
        value = old ^ (value & 0xffff);
        break;
    }
    memcpy(image + offset, &value, sizeof value);
}

static void judge_with(const uint8_t *image, size_t bytes, const struct verify_reference *reference)
{
    struct findings findings = {0};
    struct verify_summary summary = {0};
    enum verify_verdict verdict = verify_image(image, bytes, reference, &findings, &summary);
    if ((verdict == VERIFY_PROVED) != (findings.count == 0 && findings.malformed[0] == '\0')) {
        abort();
    }
    findings_free(&findings);
}

/* `compared`: with a policy and a kernel too, which takes longer. */
static void judge(const uint8_t *image, size_t bytes, bool compared)
{
    static const char policy[] = "causeway-policy 1\nsystem forged: bundled\nseed: mux\nstack mux: 0x1000\n"
                                 "memory 0x2000: mux at 0x20000000 rw; vmm1 at 0x20000000 r\n";
    if (!compared) {
        judge_with(image, bytes, &(struct verify_reference){.policy = NULL});
        return;
    }
    judge_with(image, bytes,
               &(struct verify_reference){.policy = (const uint8_t *)policy,
                                          .policy_bytes = sizeof policy - 1,
                                          .kernel = sound,
                                          .kernel_bytes = sound_bytes});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    size_t count = bytes / PATCH_BYTES < PATCHES_MAX ? bytes / PATCH_BYTES : PATCHES_MAX;
    if (sound == NULL) {
        struct forge forge = forge_new();
        sound = forge_write(&forge, &sound_bytes);
        damaged = forge_write(&forge, &sound_bytes);
        forge_free(&forge);
    }
    if (bytes >= 4 && memcmp(data, "\177ELF", 4) == 0) {
        judge(data, bytes, bytes % 4 == 0);
        return 0;
    }
    if (bytes >= 8 && memcmp(data, "causeway", 8) == 0) {
        judge_with(sound, sound_bytes, &(struct verify_reference){.policy = data, .policy_bytes = bytes});
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        patch(damaged, data + i * PATCH_BYTES);
    }
    judge(damaged, sound_bytes, bytes % 4 == 0);
    for (size_t i = 0; i < count; i++) {
        uint32_t offset = patch_offset(data + i * PATCH_BYTES);
        memcpy(damaged + offset, sound + offset, 8);
    }
    return 0;
}
