// What a careful C program does for half-open checks with kernel sockets and epoll, no more: the measure for probe's own engine.
//   epoll_reference THREADS IN-FLIGHT SECONDS TARGETS TIMEOUT-MS all|half|paced
// Targets are 10.31.x.y, every other one 10.32.x.y (a black hole) with "half"; "paced" checks each once a second. Prints one line of name=value.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, STEP = 10000, STEPS = 100000 };

struct slot { int fd, target, before, after; uint32_t generation; int64_t started; };

struct engine {
    pthread_t thread;
    int epoll, in_flight, free, first, last, used, targets, number, threads;
    struct slot *slots;
    int64_t timeout, seconds;
    const char *mode;
    int64_t checks, ok, refused, timeouts, errors, false_up;
    uint32_t took[STEPS], late[STEPS];
};

static int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void add(uint32_t *steps, int64_t ns) { int64_t i = ns / STEP; steps[i < 0 ? 0 : i >= STEPS ? STEPS - 1 : i]++; }

static int is_hole(struct engine *e, int target) { return e->mode[0] == 'h' && target % 2; }

static int start(struct engine *e, int target, int64_t at) {
    if (e->used == e->in_flight) return -1;
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(80) };
    to.sin_addr.s_addr = htonl((10u << 24) + ((is_hole(e, target) ? 32u : 31u) << 16) + target + 1);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), off = 0;
    struct linger linger = { 1, 0 };
    if (fd < 0) return -1;
    setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &off, sizeof off);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS) { close(fd); return -1; }
    int i = e->free;
    struct slot *s = &e->slots[i];
    e->free = s->after;
    s->fd = fd; s->target = target; s->started = at; s->before = e->last; s->after = -1;
    if (e->last >= 0) e->slots[e->last].after = i; else e->first = i;
    e->last = i;
    e->used++;
    struct epoll_event want = { .events = EPOLLOUT, .data.u64 = (uint64_t)s->generation << 32 | i };
    epoll_ctl(e->epoll, EPOLL_CTL_ADD, fd, &want);
    return 0;
}

static void end(struct engine *e, int i) {
    struct slot *s = &e->slots[i];
    close(s->fd);
    if (s->before >= 0) e->slots[s->before].after = s->after; else e->first = s->after;
    if (s->after >= 0) e->slots[s->after].before = s->before; else e->last = s->before;
    add(e->took, now() - s->started);
    s->generation++; s->fd = -1; s->after = e->free;
    e->free = i;
    e->used--;
    e->checks++;
}

static int collect(struct engine *e, int64_t wait) {
    struct epoll_event events[BATCH];
    struct timespec t = { wait / 1000000000, wait % 1000000000 };
    int count = epoll_pwait2(e->epoll, events, BATCH, &t, NULL);
    for (int k = 0; k < count; k++) {
        int i = (int)(uint32_t)events[k].data.u64, error = 0;
        struct slot *s = &e->slots[i];
        if (s->generation != (uint32_t)(events[k].data.u64 >> 32)) continue;
        socklen_t length = sizeof error;
        getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &length);
        if (error == 0) { e->ok++; e->false_up += is_hole(e, s->target); }
        else if (error == ECONNREFUSED) e->refused++;
        else e->errors++;
        end(e, i);
    }
    return count;
}

static void look(struct engine *e, int64_t until) {
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

static void *run(void *argument) {
    struct engine *e = argument;
    e->epoll = epoll_create1(EPOLL_CLOEXEC);
    e->slots = calloc(e->in_flight, sizeof *e->slots);
    for (int i = 0; i < e->in_flight; i++) e->slots[i].after = i + 1;
    e->first = e->last = -1;
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
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    struct engine *engines = calloc(threads, sizeof *engines);
    int64_t begin = now();
    for (int k = 0; k < threads; k++) {
        struct engine *e = &engines[k];
        e->threads = threads; e->number = k; e->in_flight = atoi(arguments[2]) / threads; e->seconds = atoi(arguments[3]);
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
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double cpu = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    printf("checks=%lld rate=%.1f cpu_us=%.3f cpu=%.4f rss_kb=%ld p50_us=%.0f p99_us=%.0f p999_us=%.0f late99_us=%.0f answered=%lld timeouts=%lld errors=%lld late=0 false_up=%lld\n",
        (long long)checks, checks * 1e9 / took, cpu * 1e6 / checks, cpu * 1e9 / took, usage.ru_maxrss,
        percentile(engines, threads, offsetof(struct engine, took), 0.5), percentile(engines, threads, offsetof(struct engine, took), 0.99),
        percentile(engines, threads, offsetof(struct engine, took), 0.999), percentile(engines, threads, offsetof(struct engine, late), 0.99),
        (long long)ok, (long long)timeouts, (long long)errors, (long long)false_up);
    return 0;
}
