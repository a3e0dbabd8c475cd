/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Reads PDs' configurations (lib/config): what each address and id is for, and the values that are authority.
 */
#pragma once

#include "verify/grants/view.h"
#include "verify/image/findings.h"

/** What a field of a configuration is. */
enum config_kind {
    CONFIG_DECIMAL,
    CONFIG_HEX,
    CONFIG_TEXT,
    CONFIG_MAC,
    CONFIG_CHOICE,  /**< one of `choices`, separated by spaces; 0 is not printed */
    CONFIG_INDEX,   /**< of a row of part `choices`, shown by that one's name */
    CONFIG_CHANNEL, /**< a channel id, if the word at `valid`, unless that is 0, is not 0 */
    CONFIG_POST,    /**< the same, of a posted interrupt; or the link's channel, which says nothing new */
    CONFIG_CHILD,   /**< a child id */
    CONFIG_WINDOW,  /**< an address; 0: there is none */
    CONFIG_LINK,    /**< a struct config_link; its bytes are 0: it has a channel at most */
    CONFIG_ALLOW,   /**< a bit for each row of the part that this one may send to */
    CONFIG_MIRROR,  /**< a bit for each row of the part that this one gets copies of */
    CONFIG_OTHER    /**< gives nobody anything, and is not compared: see docs/verify.md */
};

/** A field. Without a name, its role is that of its row. */
struct config_field {
    const char *name;
    size_t offset; /**< in its row */
    size_t bytes;
    enum config_kind kind;
    const char *choices;
    unsigned int when; /**< only in rows whose first word is this; 0: in all */
    size_t valid;      /**< offset in the row; 0: always */
};

/** How rows of a part are called behind its `element`. */
enum config_naming {
    CONFIG_BY_NAME,   /**< by the text at name_offset */
    CONFIG_BY_NUMBER, /**< from 0 */
    CONFIG_BY_PEER,   /**< by who is at the other end of the link at name_offset */
    CONFIG_NOT_NAMED  /**< not at all */
};

/** Rows of one kind in a configuration: ports, devices; or the configuration itself. */
struct config_part {
    const char *element;
    enum config_naming naming;
    size_t name_offset;
    size_t offset, stride;
    size_t count_offset; /**< of a uint32_t; 0: `max` rows */
    uint32_t max;
    const struct config_field *fields;
    size_t field_count;
};

/** A PD's configuration. */
struct config_struct {
    const char *section;
    uint32_t magic;
    uint16_t version;
    uint32_t bytes;
    const char *other_role; /**< of channels that it does not name; NULL: it names all */
    const struct config_part *parts;
    size_t part_count;
};

/** All there are. */
extern const struct config_struct config_structs[];
extern const size_t config_struct_count;

/** The configuration that `program`, as it was built, has room for, and where; NULL: it takes none. */
const struct config_struct *config_find(const struct elf64 *program, uint64_t *address);

/**
 * Read the configuration `data` of PD `pd`, if it is filled: roles and lines. In two passes, as the names of
 * some rows are only known when all roles are.
 */
void config_read(struct view *view, uint32_t pd, const struct config_struct *config, const uint8_t *data,
                 bool second_pass);
/** Once all are read: what the disks' devices may reach, for view_add_dma(). */
void config_read_dma(struct view *view);
