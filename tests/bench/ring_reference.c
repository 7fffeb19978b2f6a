/* SPDX-License-Identifier: Apache-2.0
 *
 * The same ring in C, as a floor for what the Python one can cost: a slot of 320
 * bytes, its sequence and the CRC-32 of zlib, one writer and one reader in turns.
 * Prints nanoseconds per sample, write plus read, sixteen times: of wall and CPU time.
 *
 *     cc -O2 -o ring_reference ring_reference.c -lz && ./ring_reference
 */
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

unsigned long crc32(unsigned long crc, const unsigned char *data, unsigned size);

enum { SLOT = 320, BODY = 316, CAPACITY = 4096, BATCH = 128, ROUNDS = 500, TIMES = 16 };

static unsigned char ring[CAPACITY][SLOT];
static _Atomic uint64_t cursor = 1;

static void store(uint64_t sequence, unsigned char *body)
{
    unsigned char *slot = ring[sequence % CAPACITY];
    memcpy(body, &sequence, sizeof sequence);
    uint32_t crc = (uint32_t)crc32(7, body, BODY);
    memcpy(slot, body, BODY);
    memcpy(slot + BODY, &crc, sizeof crc);
    atomic_store_explicit(&cursor, sequence + 1, memory_order_release);
}

static int load(uint64_t wanted, unsigned char *copy)
{
    uint64_t sequence;
    uint32_t crc;
    if (atomic_load_explicit(&cursor, memory_order_acquire) <= wanted)
        return 0;
    memcpy(copy, ring[wanted % CAPACITY], SLOT);
    memcpy(&sequence, copy, sizeof sequence);
    memcpy(&crc, copy + BODY, sizeof crc);
    return sequence == wanted && crc == (uint32_t)crc32(7, copy, BODY);
}

static uint64_t written = 1, read = 1;

static double now(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return 1e9 * (double)time.tv_sec + (double)time.tv_nsec;
}

static int measure(unsigned char *body, unsigned char *copy)
{
    double wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    for (int round = 0; round < ROUNDS; round++) {
        for (int n = 0; n < BATCH; n++)
            store(written++, body);
        while (load(read, copy))
            read++;
    }
    double count = (double)ROUNDS * BATCH;
    printf("%.1f %.1f\n", (now(CLOCK_MONOTONIC) - wall) / count,
           (now(CLOCK_PROCESS_CPUTIME_ID) - cpu) / count);
    return read == written;
}

int main(void)
{
    static unsigned char body[SLOT], copy[SLOT];
    for (int at = 0; at < BODY; at++)
        body[at] = (unsigned char)(at * 37);
    for (int time = 0; time < TIMES; time++)
        if (!measure(body, copy))
            return EXIT_FAILURE;
    return EXIT_SUCCESS;
}
