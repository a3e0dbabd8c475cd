/* SPDX-License-Identifier: BSD-2-Clause */
/* `causeway-verify`: the program. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verify/verify.h"
#include "verify/view_sdf.h"

#define MAX_DIRS 16u

static const char usage[] =
    "usage: causeway-verify [options] IMAGE\n"
    "       causeway-verify [options] --sdf FOLDER --policy FILE\n"
    "\n"
    "Proves from a finished image that its protection domains and virtual machines are isolated as declared, "
    "and\n"
    "compares all that it grants with a policy from outside it, which `causeway policy` derives from a\n"
    "description: tables, descriptor, configurations, programs, kernel.\n"
    "\n"
    "  --policy FILE  what the image may grant; without it, only what the image says itself is proved\n"
    "  --kernel FILE  the kernel that it was made with, kernel.elf\n"
    "  --pd-dir DIR   look there for the programs that it was made with; may be given several times\n"
    "                 [pd/ beside the kernel]\n"
    "  --sdf FOLDER   compare what `causeway sdf` wrote there for the seL4 Microkit SDK with a policy of "
    "--sel4\n"
    "  --json         the verdict and all violations as JSON on standard output\n"
    "  --quiet        print nothing when the proof succeeds\n"
    "\n"
    "Exit code: 0 proved, 1 violated (a line for each fault), 2 not an image of Causeway, or wrong usage.\n";

/** The command line. */
struct options {
    const char *image, *policy, *kernel, *sdf;
    const char *dirs[MAX_DIRS];
    size_t dir_count;
    char default_dir[4096];
    bool json, quiet;
};

static void print_assumptions(const struct verify_summary *summary)
{
    printf("  assuming that\n"
           "    the kernel's code obeys the descriptor, and hardware and firmware do as they should\n"
           "    devices write no memory by themselves but what \"dma\" lines name\n");
    if (!summary->has_policy) {
        printf("    what the image declares (.causeway.intent) is what its description says: give --policy "
               "for that\n"
               "    programs and their configurations are sound: --policy\n"
               "    channels, schedule, doorbells, interrupts and the like are as wanted: --policy\n");
    }
    if (!summary->has_kernel) {
        printf("    the kernel in the image is the one that was built: give --kernel for that\n");
    }
}

/** The image and its system, whose name may be anything. */
static void print_name(const char *path, const struct verify_summary *summary)
{
    printf("%s: isolation of ", path);
    findings_print_string(summary->name, stdout);
}

static void print_sdf_summary(const char *path, const struct verify_summary *summary)
{
    print_name(path, summary);
    printf(
        " for seL4 stated as the policy says\n"
        "  assuming that\n"
        "    the SDK's tool and seL4 do what the description says, and hardware and firmware as they should\n"
        "    devices write no memory by themselves but what \"dma\" lines name\n"
        "  %u programs are those that were built, except for %u configurations\n"
        "  it grants all of the %zu lines of the policy, and nothing else\n",
        summary->program_count, summary->config_count, summary->line_count);
}

static void print_summary(const char *path, const struct verify_summary *summary)
{
    print_name(path, summary);
    printf(" proved\n");
    print_assumptions(summary);
    printf("  %u protection domains and %u virtual machines: %zu translation tables, %llu mapped pages\n",
           summary->pd_count, summary->vm_count, summary->table_count,
           (unsigned long long)summary->sharing.pages);
    printf("  declared regions that are shared: %u; devices, each with one owner: %u\n",
           summary->sharing.shared_region_count, summary->sharing.device_count);
    if (summary->has_kernel) {
        printf("  the kernel is the given one, byte for byte\n");
    }
    if (summary->has_policy) {
        printf("  %u programs are those that were built, except for %u configurations\n",
               summary->program_count, summary->config_count);
        printf("  it grants all of the %zu lines of the policy, and nothing else\n", summary->line_count);
    }
}

static void print_json(const char *path, enum verify_verdict verdict, const struct findings *findings,
                       const struct verify_summary *summary)
{
    static const char *const names[] = {"proved", "violated", "malformed"};
    printf("{\"image\": ");
    findings_print_string(path, stdout);
    printf(", \"verdict\": \"%s\", \"system\": ", names[verdict]);
    findings_print_string(summary->name, stdout);
    printf(", \"policy\": %s, \"kernel\": %s,\n \"protection_domains\": %u, \"virtual_machines\": %u, "
           "\"tables\": %zu, \"pages\": %llu, \"policy_lines\": %zu,\n \"malformed\": ",
           summary->has_policy ? "true" : "false", summary->has_kernel ? "true" : "false", summary->pd_count,
           summary->vm_count, summary->table_count, (unsigned long long)summary->sharing.pages,
           summary->line_count);
    findings_print_string(findings->malformed, stdout);
    printf(",\n \"violations\": ");
    findings_print_json(findings, stdout);
    printf("}\n");
}

/** Read the files and judge. */
static enum verify_verdict judge(const struct options *options, struct findings *findings,
                                 struct verify_summary *summary)
{
    enum verify_verdict verdict = VERIFY_MALFORMED;
    struct verify_reference reference = {.places = {options->dirs, options->dir_count}};
    size_t bytes = 0;
    uint8_t *image = options->sdf != NULL ? NULL : program_read_file(options->image, &bytes, findings);
    uint8_t *policy = options->policy == NULL
                          ? NULL
                          : program_read_file(options->policy, &reference.policy_bytes, findings);
    uint8_t *kernel = options->kernel == NULL
                          ? NULL
                          : program_read_file(options->kernel, &reference.kernel_bytes, findings);
    reference.policy = policy;
    reference.kernel = kernel;
    if (findings->malformed[0] == '\0' && options->sdf != NULL) {
        verdict = view_sdf_verify(options->sdf, &reference, findings, summary);
    } else if (findings->malformed[0] == '\0') {
        verdict = verify_image(image, bytes, &reference, findings, summary);
    }
    free(image);
    free(policy);
    free(kernel);
    return verdict;
}

static int run(const struct options *options)
{
    struct findings findings = {0};
    struct verify_summary summary = {.name = ""};
    enum verify_verdict verdict = judge(options, &findings, &summary);
    if (options->json) {
        print_json(options->image, verdict, &findings, &summary);
    } else {
        if (verdict == VERIFY_MALFORMED) {
            fprintf(stderr, "%s: malformed image: %s\n", options->image, findings.malformed);
        }
        findings_print(&findings, options->image, stderr);
        if (verdict == VERIFY_PROVED && !options->quiet) {
            (options->sdf != NULL ? print_sdf_summary : print_summary)(options->image, &summary);
        }
    }
    findings_free(&findings);
    return (int)verdict;
}

/** Programs are in pd/ beside the kernel unless it is said. */
static void set_default_dir(struct options *options)
{
    const char *kernel = options->kernel == NULL ? "" : options->kernel;
    const char *slash = strrchr(kernel, '/');
    if (options->dir_count == 0) {
        (void)snprintf(options->default_dir, sizeof options->default_dir, "%.*spd",
                       slash == NULL ? 0 : (int)(slash + 1 - kernel), kernel);
        options->dirs[options->dir_count++] = options->default_dir;
    }
}

static void parse(int argc, char **argv, struct options *options)
{
    static const struct option longs[] = {
        {"policy", required_argument, NULL, 'p'}, {"kernel", required_argument, NULL, 'k'},
        {"sdf", required_argument, NULL, 's'},    {"pd-dir", required_argument, NULL, 'd'},
        {"json", no_argument, NULL, 'j'},         {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
    int letter;
    while ((letter = getopt_long(argc, argv, "hq", longs, NULL)) != -1) {
        if (letter == 'p') {
            options->policy = optarg;
        } else if (letter == 'k') {
            options->kernel = optarg;
        } else if (letter == 'd' && options->dir_count < MAX_DIRS) {
            options->dirs[options->dir_count++] = optarg;
        } else if (letter == 's') {
            options->sdf = optarg;
        } else if (letter == 'j') {
            options->json = true;
        } else if (letter == 'q') {
            options->quiet = true;
        } else {
            fputs(usage, letter == 'h' ? stdout : stderr);
            exit(letter == 'h' ? 0 : VERIFY_MALFORMED);
        }
    }
    if (optind + (options->sdf == NULL) != argc || (options->sdf != NULL && options->policy == NULL)) {
        fputs(usage, stderr);
        exit(VERIFY_MALFORMED);
    }
    options->image = options->sdf == NULL ? argv[optind] : options->sdf;
    set_default_dir(options);
}

int main(int argc, char **argv)
{
    struct options options = {.image = NULL};
    parse(argc, argv, &options);
    return run(&options);
}
