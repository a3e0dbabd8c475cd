/* SPDX-License-Identifier: BSD-2-Clause */
/* Our own terminal, with all consoles on it. */
#include "console/user.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PREFIX 1u /* Ctrl-a */
#define LAST_PIECES 256

void user_open(struct user *user, bool is_wanted)
{
    struct termios raw;

    *user = (struct user){.is_wanted = is_wanted};
    if (!is_wanted || tcgetattr(STDIN_FILENO, &user->before) != 0) {
        return;
    }
    raw = user->before;
    cfmakeraw(&raw);
    raw.c_oflag |= OPOST | ONLCR; /* what QEMU says has bare newlines */
    user->is_raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

bool user_show(struct user *user, struct line *line, uint8_t escape)
{
    static struct view view; /* large */

    if (!view_open(&view, line, escape)) {
        fputs("causeway attach: the consoles cannot be shown on one terminal\n", stderr);
        return false;
    }
    user->view = &view;
    user_resize(user, line);
    return true;
}

void user_resize(struct user *user, struct line *line)
{
    struct winsize size;

    if (user->view == NULL || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 ||
        size.ws_row == 0) {
        return;
    }
    view_resize(user->view, size.ws_col);
    for (uint32_t i = 0; i < user->view->count; i++) {
        line_resize(line, user->view->consoles[i].index, size.ws_col, size.ws_row);
    }
}

void user_put(struct user *user, uint32_t console, bool is_log, const uint8_t *bytes, uint32_t count)
{
    if (is_log) {
        view_log(user->view, bytes, count);
    } else {
        view_put(user->view, console, bytes, count);
    }
}

uint32_t user_pending(const struct user *user, uint32_t console)
{
    return user->view == NULL ? 0 : view_pending(user->view, console);
}

int user_input(const struct user *user)
{
    return user->is_wanted && !user->input_is_over && user->input_first == user->input_end ? STDIN_FILENO
                                                                                           : -1;
}

int user_output(const struct user *user)
{
    return user->output_first < user->output_end ? STDOUT_FILENO : -1;
}

/* Our own keys are taken out. False: Ctrl-a x. */
static bool filter_keys(struct user *user, uint32_t count)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < count; i++) {
        const uint8_t key = user->input[i];

        if (user->has_prefix && key == 'x') {
            return false;
        }
        if (user->is_raw && !user->has_prefix && key == PREFIX) {
            user->has_prefix = true;
            continue;
        }
        user->input[kept++] = user->has_prefix && key == 'a' ? PREFIX : key;
        user->has_prefix = false;
    }
    user->input_first = 0;
    user->input_end = kept;
    return true;
}

static bool read_input(struct user *user)
{
    const ssize_t got = read(STDIN_FILENO, user->input, sizeof(user->input));

    user->input_is_over = got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
    return got <= 0 || filter_keys(user, (uint32_t)got);
}

static void write_output(struct user *user)
{
    const ssize_t done =
        write(STDOUT_FILENO, &user->output[user->output_first], user->output_end - user->output_first);

    if (done > 0) {
        user->output_first += (uint32_t)done;
    } else if (done < 0 && errno != EAGAIN && errno != EINTR) {
        user->output_first = user->output_end; /* nobody looks any more */
    }
}

bool user_serve(struct user *user, struct line *line, bool has_input, bool has_room)
{
    if (user->is_wanted && has_input && !read_input(user)) {
        return false;
    }
    if (user->view == NULL) {
        return true;
    }
    user->input_first +=
        view_type(user->view, &user->input[user->input_first], user->input_end - user->input_first);
    view_serve(user->view, line);
    if (has_room) {
        write_output(user);
    }
    if (user->output_first == user->output_end) {
        user->output_first = 0;
        user->output_end = view_take(user->view, user->output, sizeof(user->output));
    }
    return true;
}

void user_close(struct user *user)
{
    for (int i = 0; i < LAST_PIECES && user->view != NULL && user->output_end > 0; i++) {
        write_output(user);
        if (user->output_first == user->output_end) {
            user->output_first = 0;
            user->output_end = view_take(user->view, user->output, sizeof(user->output));
        }
    }
    if (user->is_raw) {
        fputs("\r\n", stdout);
        fflush(stdout);
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &user->before); /* at once: it may be stopped */
    }
    user->is_raw = false;
}
