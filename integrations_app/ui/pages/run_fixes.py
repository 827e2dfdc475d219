"""What to do about an error of a run, by its code; what only a vendor knows stands in the message itself."""

RECONNECT = "Reconnect the connection. The run then goes on by itself."
FIXES = {
    "needs_reauth": RECONNECT,
    "credential_unreadable": RECONNECT,
    "missing_scope": "Allow the missing permission on the connection's page, then replay from the failed step.",
    "paused": "Resume the connection or the workflow. The run then goes on by itself.",
    "outcome_unknown": "Look at the other side whether the call took effect, then say here what you found.",
    "mapping_error": "Open the step's inputs in the editor and choose a variable that exists, publish, then replay on "
    "the latest version.",
    "invalid_input": "Correct the marked inputs in the editor, publish, then replay on the latest version.",
    "egress_denied": "Calls to this address are blocked. Use a public address, or ask the operator to allow this one.",
    "not_in_channel": "Invite the connected account to the channel, then replay from the failed step.",
    "channel_not_found": "Choose a channel that exists and that the connected account can see, then replay.",
    "not_found": "Check that the target still exists and that the connected account may see it, then replay.",
    "rate_limited": "The other side asked for patience. Wait a while, then replay from the failed step.",
    "unavailable": "The other side could not be reached. Replay from the failed step once it answers again.",
    "timeout": "No answer came in time. Allow the step more time in its options, or replay from the failed step.",
    "deadline_exceeded": "The answer took too long. Allow the step more time in its options, or ask for less at once.",
    "response_too_large": "The answer is larger than this product takes in. Ask for less at once.",
    "redirected": "The address has moved. Correct it in the connection or the step, then replay.",
    "tls_error": "The other side could not prove who it is. Have its certificate corrected, then replay.",
    "certificate_refused": "Put a client certificate that the other side accepts into the connection, then replay.",
    "challenge_unsupported": "Connect in another way that the other side takes, then replay.",
    "not_connected": "Connect it again on the integrations page, then replay from the failed step.",
    "too_many_items": "Give the loop fewer items, or raise its limit in the editor.",
    "output_too_large": "Ask for less at once: a narrower query or fewer fields.",
    "crashed": "This looks like a fault of the step itself. Look at the server's log; replay from the failed step.",
    "stopped": "A stop step ended this run on purpose.",
}
GENERIC_FIX = "Correct what the message names, then replay from the failed step."


def fix_for(code: str) -> str:
    """The one next thing to do about an error code; empty without one."""
    if code.startswith("http_5"):
        return FIXES["unavailable"]
    return FIXES.get(code, GENERIC_FIX) if code else ""
