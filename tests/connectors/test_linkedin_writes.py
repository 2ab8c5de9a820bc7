"""LinkedIn: its little text, posts and comments in the name of a page."""

from __future__ import annotations

import pytest

from connectors.linkedin.streams import COMMENT_STREAM
from connectors.linkedin.writes import COMMENT_WRITE, POST_WRITE, comment_key, little
from core.errors import ScopeMissing, UsageError
from sandbox.linkedin.content import PAGES, organization
from tests.connectors.linkedin_parts import PAGE, grant, rig_of, sent
from tests.connectors.replies import CONTEXT, reply
from tests.connectors.writing import written_and_gone


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Hello", "Hello"),
        ("A (new) way: 50% #off_", "A \\(new\\) way: 50% \\#off\\_"),
        ("A \\(new\\) way", "A \\(new\\) way"),
        ("back\\slash", "back\\\\slash"),
        ("{hashtag|\\#|news} and (more)", "{hashtag|\\#|news} and \\(more\\)"),
        ("@[Ada](urn:li:person:x1) <3", "@[Ada](urn:li:person:x1) \\<3"),
        ("\\ | { } @ [ ] ( ) < > # * _ ~", "\\\\ \\| \\{ \\} \\@ \\[ \\] \\( \\) \\< \\> \\# \\* \\_ \\~"),
    ],
)
def test_reserved_characters_are_escaped_once(text: str, kept: str) -> None:
    assert little(text) == kept
    assert little(kept) == kept


def test_a_post_is_made_as_the_vendor_tells() -> None:
    assert POST_WRITE.create
    asked = POST_WRITE.create({"commentary": "Hi", "article_url": "https://a.example", "article_title": None}, PAGE)
    assert asked.json == {
        "author": "urn:li:organization:123",
        "commentary": "Hi",
        "visibility": "PUBLIC",
        "distribution": {"feedDistribution": "MAIN_FEED", "targetEntities": [], "thirdPartyDistributionChannels": []},
        "lifecycleState": "PUBLISHED",
        "isReshareDisabledByAuthor": False,
        "content": {"article": {"source": "https://a.example"}},
    }
    assert not asked.repeatable
    for name in ("x-restli-id", "x-linkedin-id"):
        assert POST_WRITE.created(reply("", 201, {name: "urn%3Ali%3Ashare%3A1"})) == {"id": "urn:li:share:1"}
    with pytest.raises(UsageError, match="author"):
        POST_WRITE.create({"commentary": "Hi"}, CONTEXT)


def test_a_change_names_only_what_changes() -> None:
    assert POST_WRITE.update
    asked = POST_WRITE.update({"id": "urn:li:share:1"}, {"commentary": "(b)", "landing_page": None}, None, PAGE)
    assert asked.json == {"patch": {"$set": {"commentary": "\\(b\\)"}, "$delete": ["contentLandingPage"]}}
    assert asked.headers == {"X-RestLi-Method": "PARTIAL_UPDATE"}
    assert asked.filled_path == "/rest/posts/urn%3Ali%3Ashare%3A1"
    with pytest.raises(UsageError, match="visibility"):
        POST_WRITE.update({"id": "urn:li:share:1"}, {"visibility": "PUBLIC"}, None, PAGE)


def test_a_post_lives_and_goes() -> None:
    rig = rig_of()
    author = organization(PAGES[0])
    assert POST_WRITE.create
    asked = POST_WRITE.create({"author": author, "commentary": "No right"}, rig.context())
    with pytest.raises(ScopeMissing):
        rig.client.send(asked)
    grant(rig)
    written_and_gone(rig, POST_WRITE, {"author": author, "commentary": "Hello there"}, {"commentary": "Goodbye"})


def test_a_text_with_brackets_arrives_whole() -> None:
    rig = rig_of()
    grant(rig)
    assert POST_WRITE.create
    assert POST_WRITE.read
    asked = POST_WRITE.create({"author": organization(PAGES[0]), "commentary": "One (two) three"}, rig.context())
    key = POST_WRITE.created(rig.client.send(asked))
    told = rig.client.send(POST_WRITE.read(key, rig.context())).get("commentary")
    assert told.replace("\\", "") == "One (two) three"


def test_a_delete_is_the_same_when_repeated() -> None:
    rig = rig_of()
    grant(rig)
    assert POST_WRITE.delete
    for _ in range(2):
        assert (
            rig.client.send(POST_WRITE.delete({"id": "urn:li:share:7100000000001"}, None, rig.context())).status == 204
        )


def test_a_comment_lives_and_goes_in_the_name_of_the_page() -> None:
    rig = rig_of()
    grant(rig)
    thing = next(iter(rig.read(COMMENT_STREAM).live.values()))["object"]
    rig.settings["organization"] = organization(PAGES[0])
    written_and_gone(rig, COMMENT_WRITE, {"object": thing, "text": "Thanks"}, {"text": "Thank you"})


def test_what_a_comment_needs_is_asked_for() -> None:
    create, update = COMMENT_WRITE.create, COMMENT_WRITE.update
    assert create
    assert update
    answer = create({"parent_comment": "urn:li:comment:(urn:li:activity:1,2)", "text": "Yes"}, PAGE)
    assert answer.json == {
        "actor": "urn:li:organization:123",
        "object": "urn:li:activity:1",
        "parentComment": "urn:li:comment:(urn:li:activity:1,2)",
        "message": {"text": "Yes"},
    }
    assert answer.args == {"urn": "urn:li:comment:(urn:li:activity:1,2)"}
    assert not answer.repeatable
    with pytest.raises(UsageError, match="comment on"):
        create({"text": "Yes"}, PAGE)
    with pytest.raises(UsageError, match="the one who writes"):
        create({"text": "Yes", "commented_on": "urn:li:share:1"}, CONTEXT)
    with pytest.raises(UsageError, match="only its text"):
        update({"object": "o", "id": "1"}, {"actor": "x"}, None, PAGE)
    changed = update({"object": "urn:li:activity:1", "id": "2"}, {"text": "No"}, None, PAGE)
    assert changed.json == {"patch": {"message": {"$set": {"text": "No"}}}}
    assert sent(changed).endswith("/urn%3Ali%3Aactivity%3A1/comments/2?actor=urn%3Ali%3Aorganization%3A123")


def test_the_key_of_a_comment_is_in_its_urn() -> None:
    assert comment_key("urn:li:comment:(urn:li:ugcPost:1,2)") == {"object": "urn:li:ugcPost:1", "id": "2"}
    assert comment_key("urn:li:share:1") == {}
    created = COMMENT_WRITE.created
    assert created(reply("", 201, {"x-restli-id": "urn:li:comment:(urn:li:activity:1,2)"}))["id"] == "2"
    assert created(reply({"object": "urn:li:activity:1", "id": "2"}, 201, {"x-restli-id": "2"})) == {
        "object": "urn:li:activity:1",
        "id": "2",
    }
