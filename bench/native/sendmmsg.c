/*
 * What the kernel can do, for comparison: the same probes (echo requests of 60 octets with their own IP header, targets 10.64.0.0 and on,
 * TTL 1 to HOPS, in random order) by sendmmsg(2), the answers counted by recvmmsg(2). It keeps nothing of what comes back, matches nothing
 * and prints nothing but counts.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

enum { BATCH = 64, SIZE = 60 };

static uint8_t packets[BATCH][SIZE];
static struct sockaddr_in targets[BATCH];
static struct iovec parts[BATCH], into[BATCH];
static struct mmsghdr out[BATCH], in[BATCH];
static uint8_t received[BATCH][2048];
static char controls[BATCH][256];

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static uint16_t fold(uint32_t sum)
{
    sum = (sum & 0xffff) + (sum >> 16);
    return ~(uint16_t)(sum + (sum >> 16));
}

static void build(uint8_t *packet, uint32_t source, uint32_t target, uint8_t ttl, uint16_t number)
{
    memset(packet, 0, SIZE);
    packet[0] = 0x45;
    packet[3] = SIZE;
    *(uint16_t *)(packet + 4) = htons(number ? number : 1);
    packet[6] = 0x40;
    packet[8] = ttl;
    packet[9] = IPPROTO_ICMP;
    *(uint32_t *)(packet + 12) = htonl(source);
    *(uint32_t *)(packet + 16) = htonl(target);
    packet[20] = ICMP_ECHO;
    packet[24] = 0x12;
    *(uint16_t *)(packet + 26) = htons(number);
    uint32_t sum = 0;
    for (int i = 20; i < SIZE; i += 2)
        sum += (uint32_t)packet[i] << 8 | packet[i + 1];
    *(uint16_t *)(packet + 22) = htons(fold(sum));
}

static long drain(int socket)
{
    long all = 0;
    for (;;)
    {
        for (int i = 0; i < BATCH; i++)
            in[i].msg_hdr.msg_controllen = sizeof controls[i];
        int count = recvmmsg(socket, in, BATCH, MSG_DONTWAIT, NULL);
        if (count <= 0)
            return all;
        all += count;
        if (count < BATCH)
            return all;
    }
}

int main(int count, char **arguments)
{
    if (count != 4)
    {
        fprintf(stderr, "sendmmsg SOURCE TARGETS HOPS\n");
        return 2;
    }

    uint32_t source = ntohl(inet_addr(arguments[1]));
    long hosts = atol(arguments[2]), hops = atol(arguments[3]), total = hosts * hops;
    int sender = socket(AF_INET, SOCK_RAW, IPPROTO_RAW), receiver = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
    if (sender < 0 || receiver < 0)
    {
        perror("sendmmsg: raw socket");
        return 3;
    }

    int octets = 32 << 20, on = 1, flags = 8 | 16; /* SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE */
    setsockopt(receiver, SOL_SOCKET, SO_RCVBUFFORCE, &octets, sizeof octets);
    setsockopt(sender, SOL_SOCKET, SO_SNDBUFFORCE, &octets, sizeof octets);
    setsockopt(receiver, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);
    setsockopt(receiver, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags);
    for (int i = 0; i < BATCH; i++)
    {
        parts[i] = (struct iovec){packets[i], SIZE};
        out[i].msg_hdr = (struct msghdr){.msg_name = &targets[i], .msg_namelen = sizeof targets[i], .msg_iov = &parts[i], .msg_iovlen = 1};
        into[i] = (struct iovec){received[i], sizeof received[i]};
        in[i].msg_hdr = (struct msghdr){.msg_iov = &into[i], .msg_iovlen = 1, .msg_control = controls[i]};
    }

    uint32_t *order = malloc(total * sizeof *order);
    for (long i = 0; i < total; i++)
        order[i] = i;
    srandom(1);
    for (long i = total - 1; i > 0; i--)
    {
        long j = random() % (i + 1);
        uint32_t other = order[i];
        order[i] = order[j];
        order[j] = other;
    }

    long sent = 0, answers = 0;
    double begun = now();
    while (sent < total)
    {
        int batch = total - sent < BATCH ? total - sent : BATCH;
        for (int i = 0; i < batch; i++)
        {
            uint32_t probe = order[sent + i], target = 0x0a400000u + probe / hops;
            build(packets[i], source, target, probe % hops + 1, sent + i);
            targets[i] = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(target)}};
        }

        for (int done = 0; done < batch;)
        {
            int left = sendmmsg(sender, out + done, batch - done, MSG_DONTWAIT);
            if (left < 0 && errno != EAGAIN && errno != ENOBUFS)
            {
                perror("sendmmsg");
                return 1;
            }

            done += left > 0 ? left : 0;
            answers += left < 0 ? drain(receiver) : 0;
        }

        sent += batch;
        answers += drain(receiver);
    }

    double finished = now();
    struct pollfd wait = {.fd = receiver, .events = POLLIN};
    while (answers < total && poll(&wait, 1, 200) > 0)
        answers += drain(receiver);
    uint32_t info[9] = {0};
    socklen_t length = sizeof info;
    getsockopt(receiver, SOL_SOCKET, SO_MEMINFO, info, &length);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("sent %ld answers %ld lost %u seconds %.6f cpu %.6f\n", sent, answers, info[8], finished - begun,
        usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
    return 0;
}
