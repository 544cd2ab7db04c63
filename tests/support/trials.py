"""Sets that cannot reach the main server, and a trial of them to its end."""

from support.site import BACKUP, MAIN, config

MQTT = {"SERVER_Type": "mqtt", "MQTT_Address": "nowhere", "MQTT_TopicData": "d"}


CERTIFICATE = b"-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"


WRONG = {
    "address": config(FTP_Address="alhpa"),
    "port": config(FTP_Port=2222),
    "password": config(FTP_Password="secret-2"),
    "host key": config(FTP_HostKey="SHA256:" + "A" * 43),
    "certificate": config(FTP_CaFile="ca.pem"),
    "root": config(FTP_DirRoot="/elsewhere"),
    "directory": config(FTP_DirConfig="/KONFIG"),
    "type": config(SERVER_Type="ftp"),
    "mode": config(SERVER_Mode="strategy_wsun1_compliant_backup"),
    "no main any more": config({**MAIN, "SERVER_Type": "none"}, BACKUP),
    "MQTT that nobody answers": config(MQTT),
}


def break_alpha(site, what: str) -> None:
    """Let the main server answer as it would to wrong settings; a wrong name or directory needs no help."""
    if what in {"port", "password", "host key", "certificate", "type"}:
        site.refuse[1] = f"the {what} is wrong"


def try_out(site, most: int = 20) -> int:
    """Make the connections that are due, until the trial is over; return how many were made."""
    for number in range(most):
        if not site.in_force.provisional:
            return number
        if site.in_force.main is None:
            site.clock.move(120)
            site.configuration.pass_time(120)
            site._settle()
        else:
            site.connect(seconds=60)
    return most
