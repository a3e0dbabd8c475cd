/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/model/model.h"

#include <stdlib.h>
#include <string.h>

#include "tool/base/mem.h"

struct model *model_new(void)
{
    return mem_zalloc(sizeof(struct model));
}

static void free_mr(struct model_mr *mr)
{
    free(mr->name);
    free(mr->prefill_path);
    free(mr->prefill_data);
    free(mr);
}

static void free_maps(struct model_map *maps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(maps[i].setvar_vaddr);
        free(maps[i].setvar_size);
        free(maps[i].setvar_prefill_size);
    }
    free(maps);
}

static void free_vm(struct model_vm *vm)
{
    if (vm == NULL) {
        return;
    }
    for (size_t i = 0; i < vm->vcpu_count; i++) {
        free(vm->vcpus[i].setvar_id);
    }
    free(vm->vcpus);
    free_maps(vm->maps, vm->map_count);
    free(vm->doorbells);
    free(vm->direct_irqs);
    free(vm->emulated);
    free(vm->name);
    free(vm);
}

static void free_pd(struct model_pd *pd)
{
    free_maps(pd->maps, pd->map_count);
    for (size_t i = 0; i < pd->irq_count; i++) {
        free(pd->irqs[i].setvar_id);
    }
    free(pd->irqs);
    free(pd->posts);
    free(pd->accounts);
    for (size_t i = 0; i < pd->setvar_count; i++) {
        free(pd->setvars[i].symbol);
    }
    free(pd->setvars);
    for (size_t i = 0; i < pd->config_count; i++) {
        free(pd->configs[i].data);
    }
    free(pd->configs);
    free_vm(pd->vm);
    free(pd->name);
    free(pd->program_image);
    free(pd->path_for_symbols);
    free(pd->setvar_id);
    free(pd);
}

static void free_disk(struct model_disk *disk)
{
    for (size_t i = 0; i < disk->partition_count; i++) {
        free(disk->partitions[i].name);
        free(disk->partitions[i].contents);
    }
    free(disk->partitions);
    for (size_t i = 0; i < disk->need_count; i++) {
        free(disk->needs[i].partition);
    }
    free(disk->needs);
    free(disk->image);
    free(disk->name);
}

static void free_uplink(struct model_uplink *uplink)
{
    for (size_t i = 0; i < uplink->forward_count; i++) {
        free(uplink->forwards[i]);
    }
    free(uplink->forwards);
    free(uplink->host_ip);
    free(uplink->name);
}

void model_free(struct model *model)
{
    if (model == NULL) {
        return;
    }
    for (size_t i = 0; i < model->pd_count; i++) {
        free_pd(model->pds[i]);
    }
    for (size_t i = 0; i < model->mr_count; i++) {
        free_mr(model->mrs[i]);
    }
    for (size_t i = 0; i < model->channel_count; i++) {
        free(model->channels[i].ends[0].setvar_id);
        free(model->channels[i].ends[1].setvar_id);
    }
    for (size_t i = 0; i < model->disk_count; i++) {
        free_disk(&model->disks[i]);
    }
    free(model->disks);
    for (size_t i = 0; i < model->uplink_count; i++) {
        free_uplink(&model->uplinks[i]);
    }
    free(model->uplinks);
    free(model->pds);
    free(model->mrs);
    free(model->channels);
    free(model->name);
    free(model);
}

struct model_disk *model_add_disk(struct model *model, const char *name, struct loc loc)
{
    struct model_disk *disk;

    model->disks = mem_grow(model->disks, model->disk_count, sizeof(model->disks[0]));
    disk = &model->disks[model->disk_count++];
    *disk = (struct model_disk){.name = mem_strdup(name), .loc = loc};
    return disk;
}

struct model_uplink *model_add_uplink(struct model *model, const char *name, struct loc loc)
{
    struct model_uplink *uplink;

    model->uplinks = mem_grow(model->uplinks, model->uplink_count, sizeof(model->uplinks[0]));
    uplink = &model->uplinks[model->uplink_count++];
    *uplink = (struct model_uplink){.name = mem_strdup(name), .loc = loc};
    return uplink;
}

void model_add_forward(struct model_uplink *uplink, char *forward)
{
    uplink->forwards = mem_grow(uplink->forwards, uplink->forward_count, sizeof(uplink->forwards[0]));
    uplink->forwards[uplink->forward_count++] = forward;
}

struct model_need *model_add_need(struct model_disk *disk, const char *partition, struct loc loc)
{
    disk->needs = mem_grow(disk->needs, disk->need_count, sizeof(disk->needs[0]));
    disk->needs[disk->need_count] = (struct model_need){.loc = loc, .partition = mem_strdup(partition)};
    return &disk->needs[disk->need_count++];
}

struct model_partition *model_add_partition(struct model_disk *disk, const char *name)
{
    struct model_partition *partition;

    disk->partitions = mem_grow(disk->partitions, disk->partition_count, sizeof(disk->partitions[0]));
    partition = &disk->partitions[disk->partition_count++];
    *partition = (struct model_partition){.name = mem_strdup(name)};
    return partition;
}

struct model_pd *model_add_pd(struct model *model, const char *name, struct loc loc)
{
    struct model_pd *pd = mem_zalloc(sizeof(*pd));

    pd->name = mem_strdup(name);
    pd->loc = loc;
    model->pds = mem_grow(model->pds, model->pd_count, sizeof(model->pds[0]));
    model->pds[model->pd_count++] = pd;
    return pd;
}

struct model_mr *model_add_mr(struct model *model, const char *name, struct loc loc)
{
    struct model_mr *mr = mem_zalloc(sizeof(*mr));

    mr->name = mem_strdup(name);
    mr->loc = loc;
    mr->page_size_bytes = MODEL_PAGE_BYTES;
    model->mrs = mem_grow(model->mrs, model->mr_count, sizeof(model->mrs[0]));
    model->mrs[model->mr_count++] = mr;
    return mr;
}

struct model_channel *model_add_channel(struct model *model, struct loc loc)
{
    model->channels = mem_grow(model->channels, model->channel_count, sizeof(model->channels[0]));

    struct model_channel *channel = &model->channels[model->channel_count++];

    channel->loc = loc;
    channel->ends[0].loc = loc;
    channel->ends[1].loc = loc;
    return channel;
}

static void set_map(struct model_map *map, struct model_mr *mr, uint64_t vaddr, unsigned int perms)
{
    map->mr = mr;
    map->loc = mr->loc;
    map->vaddr = vaddr;
    map->perms = perms;
    map->cached = true;
}

struct model_map *model_add_pd_map(struct model_pd *pd, struct model_mr *mr, uint64_t vaddr,
                                   unsigned int perms)
{
    pd->maps = mem_grow(pd->maps, pd->map_count, sizeof(pd->maps[0]));

    struct model_map *map = &pd->maps[pd->map_count++];

    set_map(map, mr, vaddr, perms);
    return map;
}

struct model_map *model_add_vm_map(struct model_vm *vm, struct model_mr *mr, uint64_t vaddr,
                                   unsigned int perms)
{
    vm->maps = mem_grow(vm->maps, vm->map_count, sizeof(vm->maps[0]));

    struct model_map *map = &vm->maps[vm->map_count++];

    set_map(map, mr, vaddr, perms);
    return map;
}

struct model_irq *model_add_irq(struct model_pd *pd, uint32_t intid, uint32_t channel)
{
    pd->irqs = mem_grow(pd->irqs, pd->irq_count, sizeof(pd->irqs[0]));

    struct model_irq *irq = &pd->irqs[pd->irq_count++];

    irq->loc = pd->loc;
    irq->intid = intid;
    irq->channel = channel;
    return irq;
}

struct model_post *model_add_post(struct model_pd *pd, struct model_pd *vmm, uint32_t channel)
{
    pd->posts = mem_grow(pd->posts, pd->post_count, sizeof(pd->posts[0]));

    struct model_post *post = &pd->posts[pd->post_count++];

    post->loc = pd->loc;
    post->vmm = vmm;
    post->channel = channel;
    return post;
}

void model_add_account(struct model_pd *pd, struct model_pd *vmm, uint32_t id)
{
    pd->accounts = mem_grow(pd->accounts, pd->account_count, sizeof(pd->accounts[0]));
    pd->accounts[pd->account_count++] = (struct model_account){.vmm = vmm, .id = id};
}

struct model_setvar *model_add_setvar(struct model_pd *pd, const char *symbol)
{
    pd->setvars = mem_grow(pd->setvars, pd->setvar_count, sizeof(pd->setvars[0]));

    struct model_setvar *setvar = &pd->setvars[pd->setvar_count++];

    setvar->loc = pd->loc;
    setvar->symbol = mem_strdup(symbol);
    return setvar;
}

struct model_config *model_add_config(struct model_pd *pd, const char *section, const void *data,
                                      size_t bytes)
{
    pd->configs = mem_grow(pd->configs, pd->config_count, sizeof(pd->configs[0]));

    struct model_config *config = &pd->configs[pd->config_count++];

    strncpy(config->section, section, sizeof(config->section) - 1);
    config->data = mem_dup(data, bytes);
    config->bytes = bytes;
    return config;
}

struct model_vm *model_add_vm(struct model_pd *pd, const char *name, struct loc loc)
{
    free_vm(pd->vm);
    pd->vm = mem_zalloc(sizeof(*pd->vm));
    pd->vm->name = mem_strdup(name);
    pd->vm->loc = loc;
    return pd->vm;
}

struct model_vcpu *model_add_vcpu(struct model_vm *vm, uint32_t id)
{
    vm->vcpus = mem_grow(vm->vcpus, vm->vcpu_count, sizeof(vm->vcpus[0]));

    struct model_vcpu *vcpu = &vm->vcpus[vm->vcpu_count++];

    vcpu->loc = vm->loc;
    vcpu->id = id;
    return vcpu;
}

void model_add_emulated(struct model_vm *vm, const char *name, uint64_t gpa, uint64_t bytes)
{
    vm->emulated = mem_grow(vm->emulated, vm->emulated_count, sizeof(vm->emulated[0]));

    struct model_emulated *emulated = &vm->emulated[vm->emulated_count++];

    *emulated = (struct model_emulated){.gpa = gpa, .bytes = bytes};
    strncpy(emulated->name, name, sizeof(emulated->name) - 1);
}

struct model_doorbell *model_add_doorbell(struct model_vm *vm)
{
    vm->doorbells = mem_grow(vm->doorbells, vm->doorbell_count, sizeof(vm->doorbells[0]));
    return &vm->doorbells[vm->doorbell_count++];
}

struct model_pd *model_find_pd(const struct model *model, const char *name)
{
    for (size_t i = 0; i < model->pd_count; i++) {
        if (strcmp(model->pds[i]->name, name) == 0) {
            return model->pds[i];
        }
    }
    return NULL;
}

struct model_mr *model_find_mr(const struct model *model, const char *name)
{
    for (size_t i = 0; i < model->mr_count; i++) {
        if (strcmp(model->mrs[i]->name, name) == 0) {
            return model->mrs[i];
        }
    }
    return NULL;
}

static uint64_t bit_of(uint32_t id)
{
    return id < 64 ? UINT64_C(1) << id : 0;
}

uint32_t model_free_channel_id(const struct model *model, const struct model_pd *pd)
{
    uint64_t used = (pd->klog_reader ? bit_of(pd->klog_channel) : 0) |
                    (pd->trace != NULL ? bit_of(pd->trace_channel) : 0);
    uint32_t id = 0;

    for (size_t i = 0; i < pd->irq_count; i++) {
        used |= bit_of(pd->irqs[i].channel);
    }
    for (size_t i = 0; pd->vm != NULL && i < pd->vm->doorbell_count; i++) {
        used |= pd->vm->doorbells[i].own_channel ? bit_of(pd->vm->doorbells[i].channel) : 0;
    }
    for (size_t i = 0; i < model->channel_count; i++) {
        for (size_t end = 0; end < 2; end++) {
            used |= model->channels[i].ends[end].pd == pd ? bit_of(model->channels[i].ends[end].id) : 0;
        }
    }
    while (id < MODEL_MAX_CHANNELS && (used & bit_of(id)) != 0) {
        id++;
    }
    return id;
}

uint32_t model_core_count(const struct model *model)
{
    uint32_t highest = 0;

    for (size_t i = 0; i < model->pd_count; i++) {
        const struct model_pd *pd = model->pds[i];

        highest = pd->core > highest ? pd->core : highest;
        for (size_t j = 0; pd->vm != NULL && j < pd->vm->vcpu_count; j++) {
            highest = pd->vm->vcpus[j].core > highest ? pd->vm->vcpus[j].core : highest;
        }
    }
    return highest + 1;
}
