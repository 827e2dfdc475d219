"""The one door to the network: what may be reached, how long it may take and how much may come back."""

from integrations_app.kit.egress.addresses import classify
from integrations_app.kit.egress.bridge import Reply, send_sync
from integrations_app.kit.egress.certificate import ClientCertificate, check_usable
from integrations_app.kit.egress.client import Client, Waits
from integrations_app.kit.egress.dial import check_ca
from integrations_app.kit.egress.digest import Digest, fits_digest
from integrations_app.kit.egress.door import Door
from integrations_app.kit.egress.headers import check_headers, check_method, check_user_headers
from integrations_app.kit.egress.policy import EgressPolicy, Passport
from integrations_app.kit.egress.proxy import Proxy
from integrations_app.kit.egress.target import Target, parse_target
from integrations_app.kit.egress.watch import Watch, watched_by

__all__ = [
    "Client",
    "ClientCertificate",
    "Digest",
    "Door",
    "EgressPolicy",
    "Passport",
    "Proxy",
    "Reply",
    "Target",
    "Waits",
    "Watch",
    "check_ca",
    "check_headers",
    "check_method",
    "check_usable",
    "check_user_headers",
    "classify",
    "fits_digest",
    "parse_target",
    "send_sync",
    "watched_by",
]
