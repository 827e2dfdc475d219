"""Where connections keep envelopes, for rotation."""

from sqlmodel import col

from integrations_app.connections.app_choice import CLIENT_SECRET, SIGNING_SECRET
from integrations_app.connections.app_choice import KIND as OAUTH_APP
from integrations_app.connections.credentials import KIND as CREDENTIAL
from integrations_app.connections.models import Credential, OAuthApp, OAuthAttempt
from integrations_app.connections.oauth.protocol import ATTEMPT_KIND, VERIFIER
from integrations_app.organizations.rotation_places import Place

PLACES = (
    Place(
        name="credential.envelope",
        table=Credential,
        envelope=col(Credential.envelope),
        kind=CREDENTIAL,
        key=(col(Credential.connection_id), col(Credential.field)),
        record=col(Credential.connection_id),
        field=col(Credential.field),
        version=col(Credential.version),
        key_id=col(Credential.data_key_id),
    ),
    Place(
        name="oauth_app.client_secret",
        table=OAuthApp,
        envelope=col(OAuthApp.client_secret),
        kind=OAUTH_APP,
        key=(col(OAuthApp.id),),
        record=col(OAuthApp.id),
        field=CLIENT_SECRET,
        version=col(OAuthApp.secret_version),
    ),
    Place(
        name="oauth_app.signing_secret",
        table=OAuthApp,
        envelope=col(OAuthApp.signing_secret),
        kind=OAUTH_APP,
        key=(col(OAuthApp.id),),
        record=col(OAuthApp.id),
        field=SIGNING_SECRET,
        version=col(OAuthApp.secret_version),
    ),
    Place(
        name="oauth_attempt.verifier",
        table=OAuthAttempt,
        envelope=col(OAuthAttempt.verifier),
        kind=ATTEMPT_KIND,
        key=(col(OAuthAttempt.state_hash),),
        record=col(OAuthAttempt.state_hash),
        field=VERIFIER,
        version=1,
    ),
)
