"""The files of a plausible plant: inverters over TCP and a meter on a serial line."""

UID = "WPM00C44F"

INVERTER = """modbusTCP;inverter;Sunny;SUN-50K
1;3;40000;U16;;AC power;RealPower;0.01;0;kW;2
2;3;40001;I16;;Power factor;;0.001;0;;4
3;3;40002;U16;;DC voltage;;0.1;0;V;4
4;3;40003;I16;;Cabinet temperature;;0.1;0;°C;4
5;3;40004;U32;;Energy total;;0.1;0;kWh;4
6;3;40006;U16;;State;;;;;8
7;3;40010;U16;Limit_SF;Power limit;cmdPwrPercent;;;%;4
8;3;40011;I16;;Limit_SF;;;;;4
9;4;40020;U16;;Grid frequency;;0.01;0;Hz;4
10;3;40030_16;String;;Serial number;DisplaySerialNumber;;;;1
"""

METER = """modbusRTU;meter;Janitza;UMG 96
1;3;19000;F32;;Active power;;;;W;2
2;3;19002;F32;;Voltage L1;;;;V;4
3;3;19004;F32;;Energy import;;;;kWh;4
"""

DAQ = """type;baudrate;data_bits;parity;stop_bits;wires;protocol;interframe(ms)
SERIAL1;9600;8;N;1;2;modbusRTU;0

index;interface;name;address;acqPeriod(s);timeout(ms);serialNumber;parameters;category;model;defFile
1;192.168.1.41;roof_1;1;600;1000;;1;inverter;SUN-50K;inv.csv
2;192.168.1.42;roof_2;1;600;1000;;1;inverter;SUN-50K;inv.csv
3;192.168.1.43;roof_3;1;600;200;;1;inverter;SUN-50K;inv.csv
4;SERIAL1;grid meter;5;600;1000;;;meter;UMG 96;meter.csv
"""

FILES = {f"CONFIG/{UID}_daq.csv": DAQ, "DEF/inv.csv": INVERTER, "DEF/meter.csv": METER}
