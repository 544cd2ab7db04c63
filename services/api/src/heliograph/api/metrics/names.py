"""Every figure that `/metrics` gives: name, type, labels, meaning. Dashboards and alert rules are built on them.

A name, its labels and its unit never change; a figure that is no longer right gets a successor beside it. The
reference in `docs/reference/metrics.md` is made from this table.
"""

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["gauge", "counter"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. A missing sample means that it is not known now: the service that tells it does not report."""

    name: str
    """As exported: a counter ends in `_total`, one with facts as labels in `_info`."""
    meaning: str
    labels: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        """The type that Prometheus is told."""
        return "counter" if self.name.endswith("_total") else "gauge"


_DEVICE: Final = ("device", "name")
_SERVER: Final = ("server",)
_SERVICE: Final = ("service",)
_LINE: Final = ("line",)
_STREAM: Final = ("stream",)
_SCRIPT: Final = ("script",)

GATEWAY: Final = (
    Figure("heliograph_build_info", "Version of the gateway", ("version",)),
    Figure("heliograph_site_info", "Identifier and site name of the gateway", ("uid", "site")),
    Figure("heliograph_attention", "Things that need somebody's hand"),
    Figure("heliograph_service_up", "1 while the service reports", _SERVICE),
    Figure("heliograph_service_start_time_seconds", "When the service was started", _SERVICE),
    Figure("heliograph_service_revision", "Number of the revision that the service works with", _SERVICE),
    Figure("heliograph_service_resident_memory_bytes", "Resident memory of the service's process", _SERVICE),
    Figure("heliograph_configuration_revision", "Number of the revision in force; 0 without one"),
    Figure("heliograph_configuration_trial", "1 while the revision in force is on trial"),
    Figure("heliograph_configuration_trial_failures", "Failed connections of the trial so far"),
    Figure("heliograph_configuration_trial_end_timestamp_seconds", "When the last confirmed revision comes back"),
    Figure("heliograph_configuration_rejected", "1 while the newest set, or a service, refuses the configuration"),
    Figure("heliograph_configuration_findings", "Findings about the set as last read"),
    Figure("heliograph_alarms_total", "Alarms since the gateway's storage was begun"),
)

STORAGE: Final = (
    Figure("heliograph_storage_bytes", "What waits for the servers, uncompressed"),
    Figure("heliograph_storage_limit_bytes", "The most that may wait"),
    Figure("heliograph_storage_records", "Records that wait for the servers"),
    Figure("heliograph_storage_files", "Files that wait for the servers"),
    Figure("heliograph_storage_full", "1 while new records are not stored"),
    Figure("heliograph_storage_full_devices", "Devices whose own limit is reached"),
    Figure("heliograph_outbox_records", "Records and alarms not yet taken by the bus"),
    Figure("heliograph_disk_size_bytes", "Size of the disk with the gateway's state"),
    Figure("heliograph_disk_free_bytes", "What is free on it"),
    Figure("heliograph_stream_messages", "Messages in a stream of the bus", _STREAM),
    Figure("heliograph_stream_bytes", "Bytes in a stream of the bus", _STREAM),
    Figure("heliograph_stream_limit_bytes", "The most that a stream of the bus may hold", _STREAM),
    Figure("heliograph_kept_records", "Records kept for looking back"),
    Figure("heliograph_kept_bytes", "What they take on the disk"),
    Figure("heliograph_kept_limit_bytes", "The most that they may take; the oldest make room"),
    Figure("heliograph_kept_oldest_timestamp_seconds", "Time of the oldest record kept"),
    Figure("heliograph_kept_newest_timestamp_seconds", "Time of the newest record kept"),
    Figure("heliograph_kept_failing", "1 while no records are kept for looking back"),
)

PLANT: Final = (
    Figure("heliograph_device_up", "1 while the device answers", _DEVICE),
    Figure(
        "heliograph_device_condition",
        "1 for the condition of the device: starting, answering, resting, asleep, absent",
        (*_DEVICE, "condition"),
    ),
    Figure("heliograph_device_last_reading_timestamp_seconds", "When it was last read", _DEVICE),
    Figure("heliograph_device_last_record_timestamp_seconds", "Time of its last record", _DEVICE),
    Figure("heliograph_device_requests_total", "Requests sent", _DEVICE),
    Figure("heliograph_device_readings_total", "Complete polls", _DEVICE),
    Figure("heliograph_device_records_total", "Records made", _DEVICE),
    Figure("heliograph_device_gaps_total", "Acquisition periods without a record", _DEVICE),
    Figure("heliograph_device_refused_total", "Records not stored because the storage was full", _DEVICE),
    Figure("heliograph_device_errors_total", "Failed exchanges by kind", (*_DEVICE, "kind")),
    Figure("heliograph_device_refused_variables", "Variables that the device refuses", _DEVICE),
    Figure("heliograph_device_poll_least_seconds", "What one poll takes when nothing goes wrong", _DEVICE),
    Figure("heliograph_line_open", "1 while the line or connection is open", _LINE),
    Figure("heliograph_line_utilisation_ratio", "Share of the last minute in which it was busy", _LINE),
    Figure("heliograph_line_requests_total", "Requests sent on the line", _LINE),
    Figure("heliograph_line_forwarding_clients", "Other masters connected to the line's forwarded port", _LINE),
    Figure("heliograph_line_forwarded_requests_total", "Their requests passed to the line", _LINE),
    Figure("heliograph_traces", "Communication traces being written"),
    Figure(
        "heliograph_value",
        "Engineering value of a recorded variable in the device's last reading (API_METRIC_VALUES)",
        (*_DEVICE, "variable", "unit"),
    ),
)

SERVERS: Final = (
    Figure("heliograph_server_info", "Type and mode of the server", (*_SERVER, "type", "mode")),
    Figure("heliograph_server_connecting", "1 during a connection", _SERVER),
    Figure("heliograph_server_connected", "1 while a session of MQTT stands", _SERVER),
    Figure("heliograph_server_waiting_records", "Records that wait for this server", _SERVER),
    Figure("heliograph_server_waiting_files", "Files that wait for this server", _SERVER),
    Figure("heliograph_server_failures", "Failed connections in a row", _SERVER),
    Figure("heliograph_server_problems", "Missing directories and rights, and the like", _SERVER),
    Figure("heliograph_server_last_success_timestamp_seconds", "When a connection last succeeded", _SERVER),
    Figure("heliograph_server_last_connection_timestamp_seconds", "When the last connection ended", _SERVER),
    Figure("heliograph_server_last_connection_duration_seconds", "How long the last connection took", _SERVER),
    Figure("heliograph_server_next_connection_timestamp_seconds", "When the next connection is due", _SERVER),
)

OPERATING: Final = (
    Figure("heliograph_commands_executed_total", "Commands answered"),
    Figure("heliograph_commands_failed_total", "Commands answered with an error"),
    Figure(
        "heliograph_journal_entries_total",
        "Commands and changes of the plant that ended since this service began, by way",
        ("way", "outcome"),
    ),
    Figure("heliograph_scripts", "Scripts by what they do", ("condition",)),
    Figure("heliograph_script_up", "1 while the script runs", _SCRIPT),
    Figure("heliograph_script_restarts_total", "Starts after a failure", _SCRIPT),
    Figure("heliograph_script_calls_total", "Calls of the script's functions since it started", _SCRIPT),
    Figure("heliograph_script_cpu_seconds_total", "Processor time since it started", _SCRIPT),
    Figure("heliograph_script_memory_bytes", "Memory of Lua", _SCRIPT),
    Figure("heliograph_set_points", "Values with a lifetime that are kept"),
    Figure("heliograph_set_points_lapsed", "Those whose lifetime ended: the fallback is in force"),
    Figure("heliograph_set_points_unwritten", "Those whose fallback the device has not taken yet"),
)

FIGURES: Final = (*GATEWAY, *STORAGE, *PLANT, *SERVERS, *OPERATING)
"""Every figure, in the order in which they are told."""
