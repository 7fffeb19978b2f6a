/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads blocks with libmodbus, as the floor of what a bus reader can cost. libmodbus
 * keeps no silence between frames, which meters need: it is kept here, by a sleep.
 * For each line "N" on its input it reads N samples and prints for each the wall time
 * and the CPU time in nanoseconds, then how many others failed; the end of its input
 * ends it.
 *
 *     cc -O2 -o libmodbus_master libmodbus_master.c -lmodbus
 *     libmodbus_master PATH BAUDRATE SILENCE_NS FUNCTION ADDRESS COUNT [ADDRESS COUNT ...]
 */
#include <errno.h>
#include <modbus/modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MOST_FAILED = 20 };

static struct timespec heard;
static long silence_ns;

static long long now(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return 1000000000LL * time.tv_sec + time.tv_nsec;
}

static int read_block(modbus_t *bus, int function, int address, int count)
{
    uint16_t words[125];
    struct timespec until = heard;
    until.tv_nsec += silence_ns;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
        ;
    int got = function == 4 ? modbus_read_input_registers(bus, address, count, words)
                            : modbus_read_registers(bus, address, count, words);
    clock_gettime(CLOCK_MONOTONIC, &heard);
    return got == count;
}

static int read_sample(modbus_t *bus, int function, int blocks, char **block)
{
    for (int at = 0; at < blocks; at++)
        if (!read_block(bus, function, atoi(block[2 * at]), atoi(block[2 * at + 1])))
            return 0;
    return 1;
}

int main(int argc, char **argv)
{
    if (argc < 7)
        return EXIT_FAILURE;
    modbus_t *bus = modbus_new_rtu(argv[1], atoi(argv[2]), 'N', 8, 1);
    silence_ns = atol(argv[3]);
    if (bus == NULL || modbus_set_slave(bus, 1) || modbus_connect(bus) ||
        modbus_set_response_timeout(bus, 1, 0))
        return EXIT_FAILURE;
    for (int samples; scanf("%d", &samples) == 1;) {
        int failed = 0;
        while (samples > 0) {
            long long wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
            if (!read_sample(bus, atoi(argv[4]), (argc - 5) / 2, argv + 5)) {
                if (++failed > MOST_FAILED) {
                    fprintf(stderr, "libmodbus: %s\n", modbus_strerror(errno));
                    return EXIT_FAILURE;
                }
                modbus_flush(bus);
                continue;
            }
            samples--;
            printf("%lld %lld\n", now(CLOCK_MONOTONIC) - wall,
                   now(CLOCK_PROCESS_CPUTIME_ID) - cpu);
        }
        printf("%d\n", failed);
        fflush(stdout);
    }
    modbus_close(bus);
    modbus_free(bus);
    return EXIT_SUCCESS;
}
