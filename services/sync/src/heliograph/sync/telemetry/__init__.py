"""Speaking to MQTT servers: data, alarms, status and commands over one session each (spec 3.5).

`task` decides when, `visit` is one session from connecting to leaving; `session`, `client`, `broker` and `reasons` are
the line; `stock`, `payloads` and `definitions` make messages of rows, `outflow` and `flows` send them and wait for the
broker's word, `inward` takes commands in; `discovery` and `units` are for Home Assistant; `chronicle` is the history.
"""

from heliograph.sync.telemetry.task import MqttTask

__all__ = ["MqttTask"]
