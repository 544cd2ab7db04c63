"""Speaking to MQTT servers: data, alarms, status and commands over one session each (spec 3.5)."""
