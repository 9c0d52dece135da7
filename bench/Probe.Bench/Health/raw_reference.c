// What a careful C program does for half-open checks with raw packets, no more: the measure for probe's raw engine. SYNs by sendmmsg, answers from a
// filtered raw socket by recvmmsg; the port is bound and does not listen, so the kernel resets each answer.
//   raw_reference THREADS IN-FLIGHT SECONDS TARGETS TIMEOUT-MS all|half|paced
// Targets are 10.31.x.y, every other one 10.32.x.y (a black hole) with "half"; "paced" checks each once a second. Prints one line of name=value.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, STEP = 10000, STEPS = 100000, SYN = 60 };

struct slot { int target, before, after; uint32_t sequence; int64_t started; };

struct engine {
    pthread_t thread;
    int sender, receiver, holder, in_flight, free, first, last, used, targets, pending;
    uint16_t port;
    uint32_t source;
    struct slot *slots;
    int64_t timeout, seconds;
    const char *mode;
    int64_t checks, ok, refused, timeouts, errors, false_up;
    uint32_t took[STEPS], late[STEPS], uses;
    unsigned char out[BATCH][SYN], in[BATCH][128];
    struct sockaddr_in to[BATCH];
    struct iovec out_parts[BATCH], in_parts[BATCH];
    struct mmsghdr out_messages[BATCH], in_messages[BATCH];
};

static int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void add(uint32_t *steps, int64_t ns) { int64_t i = ns / STEP; steps[i < 0 ? 0 : i >= STEPS ? STEPS - 1 : i]++; }

static int is_hole(struct engine *e, int target) { return e->mode[0] == 'h' && target % 2; }

static uint32_t address(struct engine *e, int target) { return htonl((10u << 24) + ((is_hole(e, target) ? 32u : 31u) << 16) + target + 1); }

static void flush(struct engine *e) {
    for (int done = 0; done < e->pending;) {
        int sent = sendmmsg(e->sender, e->out_messages + done, e->pending - done, 0);
        if (sent > 0) done += sent; else { e->errors++; done++; }
    }
    e->pending = 0;
}

static uint16_t checksum(const unsigned char *syn, uint32_t sum) {
    for (int i = 20; i < SYN; i += 2) sum += syn[i] << 8 | syn[i + 1];
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    return htons(~sum);
}

static int start(struct engine *e, int target, int64_t at) {
    if (e->used == e->in_flight) return -1;
    int i = e->free;
    struct slot *s = &e->slots[i];
    e->free = s->after;
    s->target = target; s->started = at; s->before = e->last; s->after = -1;
    s->sequence = ++e->uses << 16 | i;
    if (e->last >= 0) e->slots[e->last].after = i; else e->first = i;
    e->last = i;
    e->used++;
    uint32_t destination = address(e, target);
    struct iphdr *ip = (struct iphdr *)e->out[e->pending];
    struct tcphdr *tcp = (struct tcphdr *)(ip + 1);
    ip->daddr = destination;
    tcp->seq = htonl(s->sequence);
    tcp->check = 0;
    uint32_t from = ntohl(e->source), to = ntohl(destination);
    tcp->check = checksum(e->out[e->pending], (from >> 16) + (from & 0xffff) + (to >> 16) + (to & 0xffff) + IPPROTO_TCP + SYN - 20);
    e->to[e->pending].sin_addr.s_addr = destination;
    if (++e->pending == BATCH) flush(e);
    return 0;
}

static void end(struct engine *e, int i) {
    struct slot *s = &e->slots[i];
    if (s->before >= 0) e->slots[s->before].after = s->after; else e->first = s->after;
    if (s->after >= 0) e->slots[s->after].before = s->before; else e->last = s->before;
    add(e->took, now() - s->started);
    s->target = -1; s->after = e->free;
    e->free = i;
    e->used--;
    e->checks++;
}

static int collect(struct engine *e, int64_t wait) {
    struct timespec t = { wait / 1000000000, wait % 1000000000 };
    struct pollfd set = { .fd = e->receiver, .events = POLLIN };
    if (ppoll(&set, 1, &t, NULL) <= 0) return 0;
    int count = recvmmsg(e->receiver, e->in_messages, BATCH, MSG_DONTWAIT, NULL);
    for (int k = 0; k < count; k++) {
        struct iphdr *ip = (struct iphdr *)e->in[k];
        struct tcphdr *tcp = (struct tcphdr *)(e->in[k] + ip->ihl * 4);
        uint32_t sequence = ntohl(tcp->ack_seq) - 1;
        int i = sequence & 0xffff;
        struct slot *s = &e->slots[i];
        if (i >= e->in_flight || s->target < 0 || s->sequence != sequence || ip->saddr != address(e, s->target)) continue;
        if (tcp->rst) e->refused++;
        else if (tcp->syn) { e->ok++; e->false_up += is_hole(e, s->target); }
        else continue;
        end(e, i);
    }
    return count;
}

static void look(struct engine *e, int64_t until) {
    flush(e);
    int64_t t = now(), wait = until - t;
    if (e->first >= 0 && e->slots[e->first].started + e->timeout - t < wait) wait = e->slots[e->first].started + e->timeout - t;
    collect(e, wait < 0 ? 0 : wait);
    t = now();
    if (e->first < 0 || e->slots[e->first].started + e->timeout > t) return;
    while (collect(e, 0) == BATCH) { }
    while (e->first >= 0 && e->slots[e->first].started + e->timeout <= t) { e->timeouts++; end(e, e->first); }
}

static void closed_loop(struct engine *e, int64_t until) {
    int target = 0;
    while (now() < until) {
        while (e->used < e->in_flight && start(e, target, now()) == 0) target = (target + 1) % e->targets;
        look(e, until);
    }
    while (e->used) look(e, INT64_MAX / 2);
}

static void paced(struct engine *e) {
    int64_t begin = now(), spacing = 1000000000LL / e->targets;
    for (int64_t k = 0; k < e->seconds * e->targets;) {
        int64_t planned = begin + k * spacing, t = now();
        if (t < planned) look(e, planned);
        else if (start(e, k % e->targets, t) == 0) { add(e->late, now() - planned); k++; }
        else look(e, t + 1000000);
    }
    while (e->used) look(e, INT64_MAX / 2);
}

static void prepare(struct engine *e) {
    struct sockaddr_in self = { .sin_family = AF_INET }, other = { .sin_family = AF_INET, .sin_port = htons(9) };
    socklen_t length = sizeof self;
    int chooser = socket(AF_INET, SOCK_DGRAM, 0), room = 32 << 20;
    other.sin_addr.s_addr = address(e, 0);
    connect(chooser, (struct sockaddr *)&other, sizeof other);
    getsockname(chooser, (struct sockaddr *)&self, &length);
    close(chooser);
    e->source = self.sin_addr.s_addr;
    self.sin_port = 0;
    e->holder = socket(AF_INET, SOCK_STREAM, 0);
    bind(e->holder, (struct sockaddr *)&self, sizeof self);
    getsockname(e->holder, (struct sockaddr *)&self, &length);
    e->port = self.sin_port;
    e->sender = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
    e->receiver = socket(AF_INET, SOCK_RAW, IPPROTO_TCP);
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0), BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ntohs(e->port), 1, 0), BPF_STMT(BPF_RET | BPF_K, 0), BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
    };
    struct sock_fprog program = { 5, filter };
    setsockopt(e->receiver, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
    setsockopt(e->receiver, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
    for (int i = 0; i < BATCH; i++) {
        struct iphdr *ip = (struct iphdr *)e->out[i];
        struct tcphdr *tcp = (struct tcphdr *)(ip + 1);
        static const unsigned char options[20] = { 2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7 };
        *ip = (struct iphdr){ .version = 4, .ihl = 5, .tot_len = htons(SYN), .id = htons(i + 1), .frag_off = htons(IP_DF), .ttl = 64, .protocol = IPPROTO_TCP, .saddr = e->source };
        *tcp = (struct tcphdr){ .source = e->port, .dest = htons(80), .doff = 10, .syn = 1, .window = htons(64240) };
        memcpy(tcp + 1, options, sizeof options);
        e->to[i].sin_family = AF_INET;
        e->out_parts[i] = (struct iovec){ e->out[i], SYN };
        e->out_messages[i].msg_hdr = (struct msghdr){ .msg_name = &e->to[i], .msg_namelen = sizeof e->to[i], .msg_iov = &e->out_parts[i], .msg_iovlen = 1 };
        e->in_parts[i] = (struct iovec){ e->in[i], sizeof e->in[i] };
        e->in_messages[i].msg_hdr = (struct msghdr){ .msg_iov = &e->in_parts[i], .msg_iovlen = 1 };
    }
}

static void *run(void *argument) {
    struct engine *e = argument;
    e->slots = calloc(e->in_flight, sizeof *e->slots);
    for (int i = 0; i < e->in_flight; i++) { e->slots[i].after = i + 1; e->slots[i].target = -1; }
    e->first = e->last = -1;
    prepare(e);
    if (e->mode[0] == 'p') paced(e); else closed_loop(e, now() + e->seconds * 1000000000LL);
    return NULL;
}

static double percentile(struct engine *engines, int threads, size_t field, double share) {
    int64_t count = 0, step = 0;
    for (int k = 0; k < threads; k++) for (int i = 0; i < STEPS; i++) count += ((uint32_t *)((char *)&engines[k] + field))[i];
    for (int64_t left = count * share; step < STEPS - 1; step++) {
        for (int k = 0; k < threads; k++) left -= ((uint32_t *)((char *)&engines[k] + field))[step];
        if (left < 0) break;
    }
    return (step + 1) * (double)STEP / 1000;
}

int main(int count, char **arguments) {
    if (count != 7) return 2;
    int threads = atoi(arguments[1]);
    struct engine *engines = calloc(threads, sizeof *engines);
    int64_t begin = now();
    for (int k = 0; k < threads; k++) {
        struct engine *e = &engines[k];
        e->in_flight = atoi(arguments[2]) / threads; e->seconds = atoi(arguments[3]);
        e->targets = atoi(arguments[4]); e->timeout = atoll(arguments[5]) * 1000000; e->mode = arguments[6];
        pthread_create(&e->thread, NULL, run, e);
    }
    int64_t checks = 0, ok = 0, timeouts = 0, errors = 0, false_up = 0;
    for (int k = 0; k < threads; k++) {
        struct engine *e = &engines[k];
        pthread_join(e->thread, NULL);
        checks += e->checks; ok += e->ok; timeouts += e->timeouts; errors += e->errors + e->refused; false_up += e->false_up;
    }
    int64_t took = now() - begin;
    long peak = 0;
    char line[256];
    FILE *status = fopen("/proc/self/status", "r"); // ru_maxrss would be that of whoever started this program
    while (status && fgets(line, sizeof line, status)) sscanf(line, "VmHWM: %ld", &peak);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double cpu = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    printf("checks=%lld rate=%.1f cpu_us=%.3f cpu=%.4f rss_kb=%ld p50_us=%.0f p99_us=%.0f p999_us=%.0f late99_us=%.0f answered=%lld timeouts=%lld errors=%lld late=0 false_up=%lld\n",
        (long long)checks, checks * 1e9 / took, cpu * 1e6 / checks, cpu * 1e9 / took, peak,
        percentile(engines, threads, offsetof(struct engine, took), 0.5), percentile(engines, threads, offsetof(struct engine, took), 0.99),
        percentile(engines, threads, offsetof(struct engine, took), 0.999), percentile(engines, threads, offsetof(struct engine, late), 0.99),
        (long long)ok, (long long)timeouts, (long long)errors, (long long)false_up);
    return 0;
}
