"""Drives the Graph fake with Microsoft's own library: if the library is unhappy, the fake is wrong.

Arguments: the fake's address up to `/v1.0`, an access token, the address of a mailbox that is shared with the token's owner. Prints nothing if all
is well.
"""

import asyncio
import base64
import datetime
import json
import sys

from kiota_abstractions.authentication import AccessTokenProvider, AllowedHostsValidator, BaseBearerTokenAuthenticationProvider
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.models.body_type import BodyType
from msgraph.generated.models.email_address import EmailAddress
from msgraph.generated.models.file_attachment import FileAttachment
from msgraph.generated.models.attachment_item import AttachmentItem
from msgraph.generated.models.attachment_type import AttachmentType
from msgraph.generated.models.followup_flag import FollowupFlag
from msgraph.generated.models.followup_flag_status import FollowupFlagStatus
from msgraph.generated.models.item_body import ItemBody
from msgraph.generated.models.mail_folder import MailFolder
from msgraph.generated.models.message import Message
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.recipient import Recipient
from msgraph.generated.models.subscription import Subscription
from msgraph.generated.users.item.mail_folders.item.messages.delta.delta_request_builder import DeltaRequestBuilder
from msgraph.generated.users.item.mail_folders.mail_folders_request_builder import MailFoldersRequestBuilder
from msgraph.generated.users.item.messages.item.attachments.create_upload_session.create_upload_session_post_request_body import (
    CreateUploadSessionPostRequestBody as AttachmentUpload,
)
from msgraph.generated.users.item.messages.item.create_forward.create_forward_post_request_body import CreateForwardPostRequestBody
from msgraph.generated.users.item.messages.item.create_reply.create_reply_post_request_body import CreateReplyPostRequestBody
from msgraph.generated.users.item.messages.item.create_reply_all.create_reply_all_post_request_body import CreateReplyAllPostRequestBody
from msgraph.generated.users.item.messages.item.move.move_post_request_body import MovePostRequestBody
from msgraph.generated.users.item.messages.messages_request_builder import MessagesRequestBuilder

from endpoint import Endpoint

BASE, TOKEN, SHARED = sys.argv[1].rstrip("/"), sys.argv[2], sys.argv[3]


class Fixed(AccessTokenProvider):
    """The token from the command line."""

    async def get_authorization_token(self, uri, additional_authentication_context=None):
        return TOKEN

    def get_allowed_hosts_validator(self):
        return AllowedHostsValidator([])


def client():
    adapter = GraphRequestAdapter(BaseBearerTokenAuthenticationProvider(Fixed()))
    adapter.base_url = BASE
    return GraphServiceClient(request_adapter=adapter)


def immutable(parameters=None):
    configuration = RequestConfiguration(query_parameters=parameters)
    configuration.headers.add("Prefer", 'IdType="ImmutableId"')
    return configuration


async def plain(graph, method, path, body=None, as_json=True):
    """What the library has no typed call for, through the same adapter."""
    request = RequestInformation(method=method)
    request.url = path if path.startswith("http") else f"{BASE}{path}"
    request.headers.add("Prefer", 'IdType="ImmutableId"')
    if body is not None:
        request.headers.add("Content-Type", "application/json")
        request.content = json.dumps(body).encode()
    answer = await graph.request_adapter.send_primitive_async(request, "bytes", {"XXX": ODataError})
    if not as_json:
        return answer
    return json.loads(answer) if answer else None


async def refused(call, status):
    try:
        await call
    except ODataError as error:
        assert error.response_status_code == status, error
        assert error.error and error.error.code, "an error without a code"
        return error.error
    raise AssertionError(f"should have been refused with {status}")


def recipient(address):
    return Recipient(email_address=EmailAddress(address=address))


def draft(subject, address):
    return Message(subject=subject, body=ItemBody(content_type=BodyType.Html, content="<p>Grüße</p>"), to_recipients=[recipient(address)])


async def reading(me):
    parameters = MailFoldersRequestBuilder.MailFoldersRequestBuilderGetQueryParameters(include_hidden_folders="true", top=50)
    folders = (await me.mail_folders.get(request_configuration=immutable(parameters))).value
    assert any(folder.display_name for folder in folders)
    inbox = await me.mail_folders.by_mail_folder_id("inbox").get(request_configuration=immutable())
    await me.mail_folders.by_mail_folder_id(inbox.id).child_folders.get(request_configuration=immutable())
    parameters = MessagesRequestBuilder.MessagesRequestBuilderGetQueryParameters(top=5, orderby=["receivedDateTime desc"])
    first = await me.messages.get(request_configuration=immutable(parameters))
    second = await me.messages.with_url(first.odata_next_link).get(request_configuration=immutable())
    ids = [message.id for page in (first, second) for message in page.value]
    assert len(set(ids)) == 10, "two pages of five"
    within = await me.mail_folders.by_mail_folder_id(inbox.id).messages.get(request_configuration=immutable(parameters))
    assert within.value
    one = await me.messages.by_message_id(ids[0]).get(request_configuration=immutable())
    assert one.body.content is not None and one.internet_message_id
    assert await me.messages.by_message_id(ids[0]).content.get(request_configuration=immutable())
    await refused(me.messages.by_message_id("AAMkmissing").get(request_configuration=immutable()), 400)
    return inbox, ids


async def following(me, inbox):
    """A round of changes: everything once, then nothing."""
    builder = me.mail_folders.by_mail_folder_id(inbox.id).messages.delta
    parameters = DeltaRequestBuilder.DeltaRequestBuilderGetQueryParameters(select=["subject", "isRead"])
    page, seen = await builder.get(request_configuration=immutable(parameters)), 0
    while page.odata_next_link:
        seen += len(page.value)
        page = await builder.with_url(page.odata_next_link).get(request_configuration=immutable())
    seen += len(page.value)
    assert seen >= inbox.total_item_count
    again = await builder.with_url(page.odata_delta_link).get(request_configuration=immutable())
    assert not again.value


async def attachments(me):
    parameters = MessagesRequestBuilder.MessagesRequestBuilderGetQueryParameters(filter="hasAttachments eq true", top=1)
    message = (await me.messages.get(request_configuration=immutable(parameters))).value[0]
    builder = me.messages.by_message_id(message.id).attachments
    listed = (await builder.get(request_configuration=immutable())).value
    one = await builder.by_attachment_id(listed[0].id).get(request_configuration=immutable())
    assert one.size and one.name


async def changing(me, graph, root, ids):
    one = me.messages.by_message_id(ids[0])
    changed = await one.patch(Message(is_read=True, categories=["Official"], flag=FollowupFlag(flag_status=FollowupFlagStatus.Flagged)), request_configuration=immutable())
    assert changed.is_read and changed.categories == ["Official"]
    folder = await me.mail_folders.post(MailFolder(display_name="Official client"))
    moved = await one.move.post(MovePostRequestBody(destination_id=folder.id), request_configuration=immutable())
    assert moved.id == ids[0], "an immutable id survives a move"
    back = await one.move.post(MovePostRequestBody(destination_id="inbox"), request_configuration=immutable())
    assert back.parent_folder_id != folder.id
    await me.mail_folders.by_mail_folder_id(folder.id).delete()
    answers = await plain(graph, Method.POST, "/$batch", {"requests": [
        {"id": "1", "method": "GET", "url": f"{root}/messages/{ids[1]}?$select=isRead", "headers": {"Prefer": 'IdType="ImmutableId"'}},
        {"id": "2", "method": "GET", "url": f"{root}/messages/AAMkmissing"},
    ]})
    assert {answer["id"]: answer["status"] for answer in answers["responses"]} == {"1": 200, "2": 400}


async def sending(me, graph, root, address, original):
    made = await me.messages.post(draft("Official draft", address), request_configuration=immutable())
    one = me.messages.by_message_id(made.id)
    small = FileAttachment(odata_type="#microsoft.graph.fileAttachment", name="small.bin", content_bytes=base64.b64encode(b"\x00\x01"))
    await one.attachments.post(small, request_configuration=immutable())
    size = 3 * 1024 * 1024 + 7
    item = AttachmentItem(attachment_type=AttachmentType.File, name="large.bin", size=size)
    session = await one.attachments.create_upload_session.post(AttachmentUpload(attachment_item=item), request_configuration=immutable())
    await upload(session.upload_url, bytes(size))
    listed = (await one.attachments.get(request_configuration=immutable())).value
    assert len(listed) == 2
    tiny = one.attachments.by_attachment_id(next(known.id for known in listed if known.name == "small.bin"))
    assert await plain(graph, Method.GET, f"{root}/messages/{made.id}/attachments/{listed[0].id}/$value", as_json=False)
    await tiny.delete()
    assert len((await one.attachments.get(request_configuration=immutable())).value) == 1
    await one.patch(Message(subject="Official draft, changed"), request_configuration=immutable())
    await one.send.post(request_configuration=immutable())
    source = me.messages.by_message_id(original)
    reply = await source.create_reply.post(CreateReplyPostRequestBody(comment="Yes"), request_configuration=immutable())
    everybody = await source.create_reply_all.post(CreateReplyAllPostRequestBody(comment="Yes"), request_configuration=immutable())
    forward = await source.create_forward.post(CreateForwardPostRequestBody(comment="See", to_recipients=[recipient(address)]), request_configuration=immutable())
    assert reply.is_draft and everybody.is_draft and forward.is_draft
    await me.messages.by_message_id(forward.id).send.post(request_configuration=immutable())
    await me.messages.by_message_id(reply.id).delete()
    await me.messages.by_message_id(everybody.id).permanent_delete.post()


async def upload(url, content):
    """The address is pre-authorised: a token sent to it would be refused."""
    import httpx

    step = 2 * 1024 * 1024
    async with httpx.AsyncClient() as http:
        for start in range(0, len(content), step):
            part = content[start : start + step]
            answer = await http.put(url, content=part, headers={"Content-Range": f"bytes {start}-{start + len(part) - 1}/{len(content)}"})
            assert answer.status_code in (200, 201), answer.text
            if answer.status_code == 200:
                asked = (await http.get(url)).json()
                assert asked["nextExpectedRanges"][0].split("-")[0] == str(start + len(part))
    assert answer.status_code == 201


async def notifying(graph):
    """A subscription as the plugin makes it: the whole mailbox, both addresses, immutable ids."""
    now, secret = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0), "told only once"

    def end(minutes):
        return now + datetime.timedelta(minutes=minutes)

    def wish(endpoint, minutes, resource="/me/messages"):
        return Subscription(
            change_type="created,updated,deleted",
            resource=resource,
            notification_url=endpoint.url,
            lifecycle_notification_url=endpoint.url,
            client_state=secret,
            expiration_date_time=end(minutes),
        )

    with Endpoint() as endpoint, Endpoint(proves=False) as foreign:
        subscribe = graph.subscriptions.post
        too_long = "Subscription expiration can only be 10070 minutes in the future."
        error = await refused(subscribe(wish(endpoint, 10_080)), 400)
        assert (error.code, error.message) == ("ExtensionError", too_long), error
        error = await refused(subscribe(wish(foreign, 60)), 400)
        assert error.code == "InvalidRequest" and "validation request failed" in error.message, error
        await refused(subscribe(wish(endpoint, 60, f"/users/{SHARED}/messages")), 403)
        made = await subscribe(wish(endpoint, 60), request_configuration=immutable())
        assert made.id and made.client_state == secret and made.expiration_date_time == end(60), made
        one = graph.subscriptions.by_subscription_id(made.id)

        def notified(kind, message, expires):
            """Of a change of this kind to this message; what else happens in the mailbox is told as well."""
            def is_it(body):
                return any(told["changeType"] == kind and told["resourceData"]["id"] == message for told in body["value"])

            for told in endpoint.wanted(f"{kind} {message}", is_it)[1]["value"]:
                assert told["subscriptionId"] == made.id and told["clientState"] == secret and told["tenantId"], told
                assert told["resource"].startswith("Users/") and told["resource"].endswith(f"/Messages/{told['resourceData']['id']}"), told
                assert datetime.datetime.fromisoformat(told["subscriptionExpirationDateTime"].replace("Z", "+00:00")) == end(expires), told

        letter = await graph.me.messages.post(draft("Told of", "nobody@example.org"), request_configuration=immutable())
        notified("created", letter.id, 60)
        error = await refused(one.patch(Subscription(expiration_date_time=end(10_080))), 400)
        assert (error.code, error.message) == ("ExtensionError", too_long), error
        renewed = await one.patch(Subscription(expiration_date_time=end(10_000)), request_configuration=immutable())
        assert renewed.id == made.id and renewed.expiration_date_time == end(10_000), renewed
        changing = graph.me.messages.by_message_id(letter.id)
        await changing.patch(Message(is_read=False), request_configuration=immutable())
        notified("updated", letter.id, 10_000)
        await changing.permanent_delete.post(request_configuration=immutable())
        notified("deleted", letter.id, 10_000)
        await one.delete()
        # The plugin makes another one then, or is content.
        for gone in (one.patch(Subscription(expiration_date_time=end(60))), one.delete()):
            error = await refused(gone, 404)
            assert error.code == "ResourceNotFound", error


async def main():
    graph = client()
    person = await graph.me.get()
    await graph.me.outlook.master_categories.get()
    shared = graph.users.by_user_id(SHARED)
    await refused(shared.get(), 403)
    await notifying(graph)
    for mailbox, root in ((graph.me, "/me"), (shared, f"/users/{SHARED}")):
        inbox, ids = await reading(mailbox)
        await following(mailbox, inbox)
        await attachments(mailbox)
        await changing(mailbox, graph, root, ids)
        await sending(mailbox, graph, root, person.mail or person.user_principal_name, ids[2])


asyncio.run(main())
