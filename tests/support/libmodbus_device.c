/* A Modbus device by libmodbus, the C library that most devices and tools of the field are built with. */
#include <errno.h>
#include <modbus/modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int serve(modbus_t *context, modbus_mapping_t *map) {
    uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
    for (;;) {
        int length = modbus_receive(context, query);
        if (length > 0) {
            modbus_reply(context, query, length, map);
        } else if (length < 0 && errno != EMBBADCRC && errno != ETIMEDOUT) {
            return errno;
        }
    }
}

int main(int count, char **arguments) {
    modbus_mapping_t *map = modbus_mapping_new(500, 500, 500, 500);
    for (int n = 0; n < 500; n++) {
        map->tab_registers[n] = 1000 + n;
        map->tab_input_registers[n] = 2000 + n;
        map->tab_bits[n] = n % 3 == 0;
        map->tab_input_bits[n] = n % 5 == 0;
    }
    if (count == 3 && strcmp(arguments[1], "tcp") == 0) {
        modbus_t *context = modbus_new_tcp("127.0.0.1", atoi(arguments[2]));
        int listener = modbus_tcp_listen(context, 1);
        if (listener < 0) return 1;
        puts("ready");
        fflush(stdout);
        for (;;) {
            if (modbus_tcp_accept(context, &listener) < 0) return 1;
            serve(context, map);
            modbus_close(context);
        }
    }
    if (count == 4 && strcmp(arguments[1], "rtu") == 0) {
        modbus_t *context = modbus_new_rtu(arguments[2], atoi(arguments[3]), 'N', 8, 1);
        modbus_set_slave(context, 7);
        if (modbus_connect(context) < 0) return 1;
        puts("ready");
        fflush(stdout);
        return serve(context, map);
    }
    return 2;
}
