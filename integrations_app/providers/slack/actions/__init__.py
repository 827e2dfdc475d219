"""What a workflow can do in Slack, by theme."""

from integrations_app.providers.slack.actions import (
    calling,
    channels,
    files,
    messages,
    reactions,
    reading,
    scheduled,
)

ACTIONS = (
    messages.send_message,
    messages.send_dm,
    messages.post_to_thread,
    reactions.add_reaction,
    messages.update_message,
    messages.delete_message,
    messages.send_ephemeral,
    scheduled.schedule_message,
    scheduled.list_scheduled_messages,
    scheduled.cancel_scheduled_message,
    files.upload_file,
    reading.get_message,
    reading.get_thread,
    reading.get_history,
    reading.get_permalink,
    reading.get_user,
    reading.lookup_user_by_email,
    reactions.remove_reaction,
    channels.create_channel,
    channels.archive_channel,
    channels.join_channel,
    channels.invite_to_channel,
    channels.set_topic,
    calling.api_call,
)
