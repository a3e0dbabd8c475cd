/* SPDX-License-Identifier: BSD-2-Clause */
/* A host with lwIP: its network interface, and UDP echo. */
#include "pd/echo/echo.h"

#include <stdbool.h>
#include <stddef.h>

#include <lwip/etharp.h>
#include <lwip/init.h>
#include <lwip/ip4_addr.h>
#include <lwip/netif.h>
#include <lwip/timeouts.h>
#include <lwip/udp.h>
#include <netif/ethernet.h>

#include "lib/base/mem.h"
#include "pd/echo/tcp_echo.h"

#define PORT 7u

static struct netif netif;
static const struct echo_link *program;

uint32_t echo_now(void)
{
    return program->now();
}

void echo_broken(const char *what)
{
    for (;;) {
        program->broken(what);
    }
}

static err_t output(struct netif *interface, struct pbuf *frame)
{
    uint8_t *to = program->frame(frame->tot_len);

    (void)interface;
    if (to == NULL) {
        return ERR_MEM;
    }
    (void)pbuf_copy_partial(frame, to, frame->tot_len, 0);
    program->send(frame->tot_len);
    return ERR_OK;
}

/* What is set already: mtu and hwaddr. */
static err_t set_up(struct netif *interface)
{
    interface->name[0] = 'e';
    interface->name[1] = 'c';
    interface->hwaddr_len = ETH_HWADDR_LEN;
    interface->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_LINK_UP;
    interface->output = etharp_output;
    interface->linkoutput = output;
    return ERR_OK;
}

/* From where it came, the datagram goes back as it is: lwIP puts the headers in front of it in its place. */
static void on_datagram(void *argument, struct udp_pcb *pcb, struct pbuf *data, const ip_addr_t *from,
                        u16_t port)
{
    (void)argument;
    /* Two that echo would go on forever; and what was sent to all is no one's to answer. */
    if (port != PORT && ip4_addr_cmp(ip4_current_dest_addr(), netif_ip4_addr(&netif))) {
        (void)udp_sendto(pcb, data, from, port);
    }
    (void)pbuf_free(data);
}

static bool begin_udp(void)
{
    struct udp_pcb *pcb = udp_new();

    if (pcb == NULL || udp_bind(pcb, IP_ADDR_ANY, PORT) != ERR_OK) {
        return false;
    }
    udp_recv(pcb, on_datagram, NULL);
    return true;
}

int echo_init(const struct echo_link *link, const uint8_t mac[6], const struct echo_address *address,
              uint16_t mtu)
{
    const uint32_t bits = address->prefix == 0 ? 0 : ~(uint32_t)0 << (32 - address->prefix);
    ip4_addr_t ip, mask, gateway;

    program = link;
    lwip_init();
    IP4_ADDR(&ip, address->ip[0], address->ip[1], address->ip[2], address->ip[3]);
    ip4_addr_set_u32(&mask, lwip_htonl(bits));
    ip4_addr_set_zero(&gateway);
    memset(&netif, 0, sizeof(netif));
    netif.mtu = mtu;
    memcpy(netif.hwaddr, mac, ETH_HWADDR_LEN);
    if (netif_add(&netif, &ip, &mask, &gateway, NULL, set_up, ethernet_input) == NULL) {
        return -1;
    }
    netif_set_default(&netif);
    netif_set_up(&netif);
    return begin_udp() && tcp_echo_listen(PORT) == 0 ? 0 : -1;
}

/* lwIP leaves that to the card. */
static bool is_for_us(const struct pbuf *frame)
{
    static const uint8_t broadcast[ETH_HWADDR_LEN] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

    return frame->len >= SIZEOF_ETH_HDR && (memcmp(frame->payload, netif.hwaddr, ETH_HWADDR_LEN) == 0 ||
                                            memcmp(frame->payload, broadcast, ETH_HWADDR_LEN) == 0);
}

void echo_receive(const uint8_t *frame, uint32_t bytes)
{
    /* What does not fit into the pool is lost, as with a card that has no buffers. */
    struct pbuf *copy = bytes > UINT16_MAX ? NULL : pbuf_alloc(PBUF_RAW, (u16_t)bytes, PBUF_POOL);

    if (copy == NULL) {
        return;
    }
    (void)pbuf_take(copy, frame, (u16_t)bytes);
    if (!is_for_us(copy) || netif.input(copy, &netif) != ERR_OK) {
        (void)pbuf_free(copy);
    }
}

uint32_t echo_work(void)
{
    sys_check_timeouts();
    tcp_echo_work();
    return sys_timeouts_sleeptime();
}
