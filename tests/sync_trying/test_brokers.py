"""A broker tried step by step: what it tells of rights, beside the gateway's session, without reaching consumers."""

from heliograph.formats.config import MqttServer, ServerMode, ServerType
from heliograph.sync.remote import Access
from support.certificates import Authority
from support.mosquitto import LOGIN, PASSWORD, mosquitto, operator, password_mosquitto, tls_mosquitto


def broker_at(port: int, kind: ServerType = ServerType.MQTT, **more: str) -> MqttServer:
    return MqttServer(
        number=1, type=kind, mode=ServerMode.MQTT, address="127.0.0.1", port=port,
        topic_data="plants/{uid}/data", topic_alarm="plants/{uid}/alarm", topic_command="plants/{uid}/command", **more,
    )  # fmt: skip


def test_every_step_in_order_and_nothing_reaches_those_who_read_the_data(attempt):
    with mosquitto() as broker, operator(broker.port, topics="plants/+/+", name="WPM00C44F") as reader:
        tried = attempt(broker_at(broker.port), Access())
        reader.publish("plants/x/end", b"end")
        assert tried.failed == {}
        assert [told.step for told in tried.ended] == list(range(len(tried.names)))
        assert "came back" in tried.text("Publish below plants/WPM00C44F/data")
        assert reader.payloads("plants/WPM00C44F/data") == []


def test_a_certificate_and_its_end_are_told(attempt):
    authority = Authority()
    with tls_mosquitto(authority) as broker:
        server = broker_at(broker.port, ServerType.MQTTS, ca_file="broker.pem")
        tried = attempt(server, Access(authorities=authority.pem))
        assert tried.failed == {}
        said = tried.text("Check the certificate (TLS)")
        assert "127.0.0.1, 127.0.0.2, by CN=Heliograph tests" in said
        assert "trusted by CaFile broker.pem" in said
        assert "renew it" in said, "it ends within thirty days"


def test_a_wrong_password_fails_the_login(attempt):
    with password_mosquitto() as broker:
        wrong = attempt(broker_at(broker.port, login=LOGIN), Access(password="wrong-one"))
        assert list(wrong.failed) == [f"Log in as {LOGIN}"]
        assert "refuses the login" in wrong.failed[f"Log in as {LOGIN}"]
        assert attempt(broker_at(broker.port, login=LOGIN), Access(password=PASSWORD)).failed == {}


def test_a_missing_right_is_told_as_far_as_the_broker_tells_it_and_the_other_steps_go_on(attempt):
    options = ("allow_anonymous true", "acl_file {dir}/rules")
    rules = "topic readwrite plants/WPM00C44F/data/#\ntopic write plants/WPM00C44F/alarm\n"
    with mosquitto(*options, files={"rules": rules}) as broker:
        tried = attempt(broker_at(broker.port), Access())
        assert "came back" in tried.text("Publish below plants/WPM00C44F/data")
        [alarm] = [told for told in tried.ended if tried.names[told.step] == "Publish below plants/WPM00C44F/alarm"]
        # Mosquitto breaks off or keeps silent at a message that is not allowed, by its version.
        assert "allow it to publish" in alarm.text or "may lack a right" in alarm.text
        assert "Subscribe to plants/WPM00C44F/command" in tried.names[tried.ended[-1].step]
