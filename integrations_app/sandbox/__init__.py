"""Emulated vendors, a folder each: strict, in memory, alone; nothing of the product is imported here.

These are emulations for newcomers and tests. No real account is ever contacted.

**Addresses** (below the place where the app is mounted, normally `/sandbox`)

    slack/oauth/v2/authorize          consent page           slack/api/<method>      Slack Web API
    github/login/oauth/authorize      consent page           github/login/oauth/access_token
    github/api/v3/...                 GitHub REST, as on an Enterprise Server host
    salesforce/services/oauth2/authorize   consent page      salesforce/services/oauth2/token|revoke|introspect|userinfo
    salesforce/services/data/v62.0/...     data API          salesforce/id/<org>/<user>
    /  slack/  github/  salesforce/   inspector pages for people
    _control/...                      JSON for tests (below)

**OAuth apps that exist from the start** (constants in each folder's `emulation.py`): `sandbox-slack-client` /
`sandbox-slack-secret` (signing secret `sandbox-slack-signing-secret`), `sandbox-github-client` /
`sandbox-github-secret`, and `sandbox-salesforce-client` / `sandbox-salesforce-secret`. They accept any
loopback redirect URI with the path `/api/integrations/<vendor>/callback` or
`/api/integrations/<vendor>/<app id>/callback`; the token call must repeat it byte for byte.

**Control** (below `_control/`), JSON, loopback peers with a loopback Host only:

- `POST reset`: back to the seed: state, settings, faults, journal.
- `GET|PATCH settings`: see each folder's `settings.py`: token life, rotation, PKCE, rate limits, Slack request URL; an
  unknown name or a wrong type is 400.
- `GET|POST|DELETE faults`: list, plant one (see `faults.py`), remove all.
- `POST apps`: register another OAuth app: `{vendor, client_id, client_secret, redirect_uris?,
  signing_secret?, request_url?, name?, app_id?}`.
- `POST tokens`: a token without a consent page: `{vendor, account, scopes?}` gives `{access_token}`;
  account is a Slack team id, a GitHub login or a Salesforce user name (then with a `refresh_token` too).
- `POST expire`: `{vendor}` with `token`, `account` or `all: true` gives `{expired: n}`; `refresh: true`
  ends the refresh tokens too.
- `POST revoke`: the same selectors give `{revoked: n}`; Slack pushes `tokens_revoked`, GitHub
  `github_app_authorization`, and with `uninstall: true` also `app_uninstalled` and `installation`.
- `GET journal?vendor=&path=`: every request with headers, body and status, oldest first; `DELETE` clears.
- `POST settle`: waits until every webhook delivery under way has ended (Slack's retries included).
- `GET slack/messages?channel=&team=`: messages of a channel (id or name), by default of workspace Acme.
- On a Slack channel's page people write, react, press buttons and type commands (a text that begins with `/`); the
  apps with the permission hear of it. Commands and buttons come without a `response_url`.
- `POST slack/messages`: `{channel, text, user?, thread_ts?, team?}`: a person writes; events are delivered.
- `GET github/issues?repository=`, `POST github/issues`: `{repository, title, body?, user?}`: a person opens
  an issue; hooks fire.
- `GET salesforce/records?object=` (deleted ones too), `POST salesforce/records`: `{object, fields, user?}`: a
  person creates a record.

**In a test**: `with running_sandbox() as base_url:` (module `serve`) starts it on a free loopback port.
"""

from integrations_app.sandbox.app import create_app

__all__ = ["create_app"]
