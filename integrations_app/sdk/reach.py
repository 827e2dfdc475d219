"""Whether a vendor on the internet could reach an address, judged by its text alone."""

from ipaddress import ip_address

from integrations_app.kit.egress import classify

_LOCAL_SUFFIXES = (".localhost", ".local", ".internal", ".home.arpa")


def is_private_host(host: str) -> bool:
    """Whether the host is an address that is not public, or a name that nobody outside resolves; asks no resolver."""
    try:
        return classify(ip_address(host)) is not None
    except ValueError:
        return "." not in host or host.endswith(_LOCAL_SUFFIXES)
