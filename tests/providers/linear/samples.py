"""One good call of every action of Linear that writes, as its emulation takes it; and the request that does it."""

from typing import Any

from tests.providers.sample import Sample

GRAPHQL = r"/api/graphql$"


def _team(vendor: Any) -> str:
    found = vendor.http.get(f"{vendor.url}/_control/linear/issues").json()
    return str(found["issues"][0]["team"]["id"])


SAMPLES: dict[str, Sample] = {
    "create_issue": Sample(
        "POST", GRAPHQL, lambda team: {"team": team, "title": "Sample"}, _team, asks=r"issueCreate\("
    ),
    "update_issue": Sample("POST", GRAPHQL, {"issue": "ENG-1", "title": "Changed"}, asks=r"issueUpdate\("),
    "comment_issue": Sample("POST", GRAPHQL, {"issue": "ENG-1", "body": "Seen"}, asks=r"commentCreate\("),
    "graphql": Sample(
        "POST",
        GRAPHQL,
        {
            "query": "mutation M($input: CommentCreateInput!) { commentCreate(input: $input) { success } }",
            "variables": {"input": {"issueId": "ENG-1", "body": "Seen"}},
        },
        asks=r"commentCreate\(",
    ),
}

DEAD: dict[str, dict[str, Any]] = {
    "authentication_error": {
        "status": 401,
        "body": {
            "errors": [
                {
                    "message": "Authentication required, not authenticated",
                    "extensions": {"type": "authentication error", "code": "AUTHENTICATION_ERROR", "statusCode": 401},
                }
            ]
        },
    }
}
"""How Linear says that credentials are dead, by our code."""
