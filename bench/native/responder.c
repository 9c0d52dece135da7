/*
 * The far side of the many-targets benchmark: a TUN device behind which every address of 10.64.0.0/10 and fd64::/16 is a host so many hops
 * away. Whatever dies on the way draws a time-exceeded with a quote of 28 (IPv6: 48) octets from router 10.32.TTL.x (fd32:TTL::x), what
 * arrives an echo reply, a port unreachable or a reset. One thread, one read and one write per packet. Counts go to standard output at the end.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static volatile sig_atomic_t ended;

static void end(int signal) { (void)signal; ended = 1; }

static uint32_t add(uint32_t sum, const void *data, size_t length)
{
    const uint8_t *octets = data;
    for (size_t i = 0; i + 1 < length; i += 2)
        sum += (uint32_t)octets[i] << 8 | octets[i + 1];
    if (length & 1)
        sum += (uint32_t)octets[length - 1] << 8;
    return sum;
}

static void store(uint8_t *at, uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    sum = ~sum & 0xffff;
    at[0] = sum >> 8;
    at[1] = sum & 0xff;
}

static size_t ipv4_header(uint8_t *out, size_t payload, uint8_t protocol, const uint8_t *from, const uint8_t *to)
{
    memset(out, 0, 20);
    out[0] = 0x45;
    out[2] = (20 + payload) >> 8;
    out[3] = (20 + payload) & 0xff;
    out[6] = 0x40;
    out[8] = 64;
    out[9] = protocol;
    memcpy(out + 12, from, 4);
    memcpy(out + 16, to, 4);
    store(out + 10, add(0, out, 20));
    return 20 + payload;
}

static size_t ipv6_header(uint8_t *out, size_t payload, uint8_t protocol, const uint8_t *from, const uint8_t *to)
{
    memset(out, 0, 8);
    out[0] = 0x60;
    out[4] = payload >> 8;
    out[5] = payload & 0xff;
    out[6] = protocol;
    out[7] = 64;
    memcpy(out + 8, from, 16);
    memcpy(out + 24, to, 16);
    return 40 + payload;
}

/* The checksum of an upper layer whose own field is zero. */
static void checksum(uint8_t *packet, size_t header, size_t at, size_t length, uint8_t protocol)
{
    uint8_t *segment = packet + header;
    uint32_t sum = 0;
    if (header == 40)
        sum = add(add(0, packet + 8, 32), (uint8_t[]){length >> 8, length & 0xff, 0, protocol}, 4);
    else if (protocol != IPPROTO_ICMP)
        sum = add(add(0, packet + 12, 8), (uint8_t[]){length >> 8, length & 0xff, 0, protocol}, 4);
    segment[at] = segment[at + 1] = 0;
    store(segment + at, add(sum, segment, length));
}

static size_t error(uint8_t *out, const uint8_t *in, size_t length, int v6, uint8_t type, uint8_t code, const uint8_t *from)
{
    size_t header = v6 ? 40 : 20, quote = length < header + 8 ? length : header + 8;
    uint8_t *message = out + header;
    memset(message, 0, 8);
    message[0] = type;
    message[1] = code;
    memcpy(message + 8, in, quote);
    message[8 + (v6 ? 7 : 8)] = 1;
    size_t total = v6 ? ipv6_header(out, 8 + quote, IPPROTO_ICMPV6, from, in + 8) : ipv4_header(out, 8 + quote, IPPROTO_ICMP, from, in + 12);
    checksum(out, header, 2, 8 + quote, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
    return total;
}

static size_t answer(uint8_t *out, const uint8_t *in, size_t length, int hops)
{
    int v6 = in[0] >> 4 == 6;
    size_t header = v6 ? 40 : 20;
    if (length < header + 8)
        return 0;
    uint8_t ttl = in[v6 ? 7 : 8], protocol = in[v6 ? 6 : 9];
    const uint8_t *target = in + (v6 ? 24 : 16), *source = in + (v6 ? 8 : 12), *sent = in + header;
    if (v6 ? target[0] != 0xfd || target[1] != 0x64 : target[0] != 10 || (target[1] & 0xc0) != 64)
        return 0;
    if (ttl < hops)
    {
        /* Near routers are shared by all, far ones by few. */
        uint8_t last = ttl < 4 ? 1 : target[v6 ? 15 : 3] >> (ttl < 12 ? 4 : 0);
        uint8_t router4[4] = {10, 32, ttl, last ? last : 1}, router6[16] = {0xfd, 0x32, 0, ttl};
        router6[15] = last ? last : 1;
        return error(out, in, length, v6, v6 ? 3 : 11, 0, v6 ? router6 : router4);
    }

    uint8_t *reply = out + header;
    size_t size = length - header;
    if (protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6)
    {
        memcpy(reply, sent, size);
        reply[0] = v6 ? 129 : 0;
        size_t total = v6 ? ipv6_header(out, size, protocol, target, source) : ipv4_header(out, size, protocol, target, source);
        checksum(out, header, 2, size, protocol);
        return total;
    }

    if (protocol == IPPROTO_TCP && size >= 20)
    {
        uint32_t next = ntohl(*(const uint32_t *)(sent + 4)) + 1;
        memset(reply, 0, 20);
        memcpy(reply, sent + 2, 2);
        memcpy(reply + 2, sent, 2);
        *(uint32_t *)(reply + 8) = htonl(next);
        reply[12] = 0x50;
        reply[13] = 0x14;
        size_t total = v6 ? ipv6_header(out, 20, protocol, target, source) : ipv4_header(out, 20, protocol, target, source);
        checksum(out, header, 16, 20, protocol);
        return total;
    }

    return error(out, in, length, v6, v6 ? 1 : 3, v6 ? 4 : 3, target);
}

int main(int count, char **arguments)
{
    if (count != 3)
    {
        fprintf(stderr, "responder DEVICE HOPS\n");
        return 2;
    }

    int tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC), hops = atoi(arguments[2]);
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    strncpy(request.ifr_name, arguments[1], IFNAMSIZ - 1);
    if (tun < 0 || ioctl(tun, TUNSETIFF, &request) != 0)
    {
        perror("responder: TUN device");
        return 3;
    }

    /* Without SA_RESTART, so that poll returns. */
    struct sigaction action = {.sa_handler = end};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    printf("ready\n");
    fflush(stdout);
    static uint8_t in[65536], out[65536];
    uint64_t taken = 0, answered = 0, refused = 0;
    while (!ended)
    {
        ssize_t length = read(tun, in, sizeof in);
        if (length < 0)
        {
            struct pollfd wait = {.fd = tun, .events = POLLIN};
            if (errno != EAGAIN || (poll(&wait, 1, -1) < 0 && errno != EINTR))
                break;
            continue;
        }

        taken++;
        size_t size = answer(out, in, length, hops);
        if (size > 0)
        {
            if (write(tun, out, size) == (ssize_t)size)
                answered++;
            else
                refused++;
        }
    }

    printf("taken %llu answered %llu refused %llu\n", (unsigned long long)taken, (unsigned long long)answered, (unsigned long long)refused);
    return 0;
}
