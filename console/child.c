/* SPDX-License-Identifier: BSD-2-Clause */
#include "console/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define END_STEP_MS 20
#define END_STEPS 150

/* In the new process. */
static void become(char *const argv[], int output, bool has_terminal)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (!has_terminal) {
        int nothing = open("/dev/null", O_RDONLY);
        if (nothing >= 0) {
            dup2(nothing, STDIN_FILENO);
        }
        setpgid(0, 0); /* Ctrl-C is for us to handle */
    }
    if (output >= 0) {
        dup2(output, STDOUT_FILENO);
        dup2(output, STDERR_FILENO);
    }
    execvp(argv[0], argv);
    fprintf(stderr, "causeway attach: %s: %s\n", argv[0], strerror(errno));
    _exit(127);
}

pid_t child_start(char *const argv[], int output, bool has_terminal)
{
    pid_t parent = getpid();
    pid_t pid = fork();

    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() == parent) {
            become(argv, output, has_terminal);
        }
        _exit(127);
    }
    return pid;
}

bool child_run(char *const argv[], char *text, size_t bytes)
{
    int ends[2];
    size_t used = 0;
    int status = -1;

    if (pipe2(ends, O_CLOEXEC) != 0) {
        return false;
    }
    pid_t pid = child_start(argv, ends[1], false);
    close(ends[1]);
    for (;;) {
        char spare[256];
        bool fits = used + 1 < bytes;
        ssize_t got = read(ends[0], fits ? text + used : spare, fits ? bytes - 1 - used : sizeof spare);
        if (got <= 0) {
            break;
        }
        used += fits ? (size_t)got : 0;
    }
    close(ends[0]);
    text[used] = '\0';
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void child_end(pid_t pid)
{
    const struct timespec step = {.tv_nsec = END_STEP_MS * 1000000L};

    if (pid <= 0) {
        return;
    }
    kill(pid, SIGTERM);
    for (int i = 0; i < END_STEPS; i++) {
        if (waitpid(pid, NULL, WNOHANG) != 0) {
            return;
        }
        nanosleep(&step, NULL);
    }
    kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
}

bool child_is_installed(const char *name)
{
    const char *path = getenv("PATH");
    char file[4096];

    for (const char *at = path; at != NULL && *at != '\0';) {
        size_t length = strcspn(at, ":");
        (void)snprintf(file, sizeof file, "%.*s/%s", (int)length, at, name);
        if (access(file, X_OK) == 0) {
            return true;
        }
        at += length + (at[length] == ':');
    }
    return false;
}
