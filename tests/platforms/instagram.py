from __future__ import annotations

from sandbox.instagram.content import ACCOUNT_ID, PAGE_ID
from tests.platforms.told import Told
from tests.spec.graph import ByHost, Graph
from tests.spec.judging import Judge

_MOVES = "the last four weeks are read again at each sync, everything once a week"
_BY_ID = "single objects, which no stream asks for by their id"
_ELSE = "data that no stream reads"
_BY_INSTAGRAM = "told with Instagram Login alone"
_SECRETS = "a GET with the secrets in the address is all that the platform has"
_COMMENTS, _MEDIA = r"178\d{14}(/\w+)?", r"1(79|80)\d{14,15}(/\w+)?"
_FB = "python-facebook"

TOLD = Told(
    settings={"instagram_id": "17841406338772941"},
    parent={"id": "17846368219941692", "media_product_type": "FEED"},
    unresolved={
        "account": {"user_id": _BY_INSTAGRAM, "account_type": _BY_INSTAGRAM},
        "media": {"container_id": "only written"},
        "media_insights": {"parts": "only metrics of stories come by kind here"},
        "insights_daily": {"parts": "these come as numbers"},
        "totals_daily": {"parts": "asked for without a breakdown"},
    },
    states=({}, {"inside": ["17846368219941692"]}, {"inside": ["17846368219941692/17873440459141021"]}),
    moving={"media": _MOVES, "comments": _MOVES},
    leading={"comments": "/v26.0/{instagram_id}/media"},
    endless={
        "insights_daily": "each reply leads to the window after it, far into the future",
        "totals_daily": "each reply leads to the window after it, far into the future",
    },
    secret_addresses={"/access_token": _SECRETS, "/refresh_access_token": _SECRETS},
    paths={
        f"{_FB}/users/user_fields.json": "/v26.0/17841407673135339",
        f"{_FB}/users/medias_p1.json": "/v26.0/17841406338772941/media",
        f"{_FB}/users/medias_p2.json": "/v26.0/17841406338772941/media",
        f"{_FB}/users/stories.json": "/v26.0/17841406338772941/stories",
        f"{_FB}/stories/stories_default.json": "/v26.0/17841406338772941/stories",
        f"{_FB}/stories/stories_fields_p1.json": "/v26.0/17841406338772941/stories",
        f"{_FB}/stories/stories_fields_p2.json": "/v26.0/17841406338772941/stories",
        f"{_FB}/medias/comments_p1.json": "/v26.0/17846368219941692/comments",
        f"{_FB}/medias/comments_p2.json": "/v26.0/17846368219941692/comments",
        f"{_FB}/medias/insights.json": "/v26.0/17846368219941692/insights",
        f"{_FB}/medias/insights_new.json": "/v26.0/18035507131611621/insights",
        f"{_FB}/users/user_insights.json": "/v26.0/17841400008460056/insights",
        f"{_FB}/users/user_insights_new.json": "/v26.0/17841454149711910/insights",
        "airbyte/media_insights_for_reels.json": "/v26.0/84386203808767123/insights",
        "airbyte/user_insights.json": "/v26.0/222222222222222/insights",
        "airbyte/user_lifetime_insights_for_age_gender.json": "/v26.0/222222222222222/insights",
    },
    records={
        f"{_FB}/comments/comment_fields.json": ("comments", ""),
        f"{_FB}/comments/replies.json": ("comments", "data"),
        f"{_FB}/medias/children.json": ("media", "data"),
        f"{_FB}/medias/media_default.json": ("media", ""),
        f"{_FB}/stories/story_info.json": ("stories", ""),
        f"{_FB}/users/live_medias.json": ("media", "data"),
        f"{_FB}/users/tagged_medias.json": ("media", "data"),
        f"{_FB}/hashtags/hashtag_recent_medias_p1.json": ("media", "data"),
        f"{_FB}/hashtags/hashtag_recent_medias_p2.json": ("media", "data"),
        f"{_FB}/hashtags/hashtag_top_medias_p1.json": ("media", "data"),
        f"{_FB}/hashtags/hashtag_top_medias_p2.json": ("media", "data"),
        f"{_FB}/discovery/user_fields.json": ("account", "business_discovery"),
        f"{_FB}/discovery/medias_p1.json": ("media", "business_discovery/media/data"),
        f"{_FB}/discovery/medias_p2.json": ("media", "business_discovery/media/data"),
        f"{_FB}/users/mentioned_comment.json": ("comments", "mentioned_comment"),
        f"{_FB}/users/mentioned_media.json": ("media", "mentioned_media"),
    },
    unread={
        "airbyte/api.json": "the Pages of a person, read by the test of signing in",
        f"{_FB}/comments/comments_fields.json": _BY_ID,
        f"{_FB}/hashtags/hashtag_info.json": _ELSE,
        f"{_FB}/hashtags/hashtags_info.json": _ELSE,
        f"{_FB}/medias/medias_fields.json": _BY_ID,
        f"{_FB}/medias/product_tags.json": _ELSE,
        f"{_FB}/publish/container_info.json": "how far a container is, which is written",
        f"{_FB}/publish/containers_info.json": "how far containers are, which are written",
        f"{_FB}/publish/create_photo.json": "the answer to a write, read by its test",
        f"{_FB}/publish/create_video.json": "the answer to a write, read by its test",
        f"{_FB}/publish/publish_container.json": "the answer to a write, read by its test",
        f"{_FB}/publish/publish_limit_resp.json": "a limit, which says itself when it is reached",
        f"{_FB}/stories/stories_info.json": _BY_ID,
        f"{_FB}/users/available_catalogs.json": _ELSE,
        f"{_FB}/users/catalog_product_search.json": _ELSE,
        f"{_FB}/users/content_publish_limit.json": "a limit, which says itself when it is reached",
        f"{_FB}/users/hashtag_search.json": _ELSE,
        f"{_FB}/users/product_appeal.json": _ELSE,
        f"{_FB}/users/recently_searched_hashtags.json": _ELSE,
    },
    refused={
        "airbyte/media_insights_for_error_posted_before_business.json": "skip",
        "airbyte/media_insights_for_error_with_wrong_permissions.json": "fail",
        "airbyte/user_insights_for_error_code_10.json": "scope missing",
        "airbyte/user_insights_for_error_code_100_subcode_33.json": "fail",
    },
    judge=Judge(
        document=ByHost(
            documents={
                "graph.facebook.com": Graph(
                    folders=("instagram", "facebook"),
                    kinds={
                        r"me/accounts": "User",
                        rf"(me|{PAGE_ID})": "Page",
                        rf"{ACCOUNT_ID}(/\w+)?": "IGUser",
                        _COMMENTS: "IGComment",
                        _MEDIA: "IGMedia",
                    },
                ),
                "graph.instagram.com": Graph(
                    folders=("instagram",),
                    kinds={
                        r"access_token": "IGAccessTokenForIGOnlyAPI",
                        r"refresh_access_token": "IGRefreshAccessTokenForIGOnlyAPI",
                        rf"(me|{ACCOUNT_ID})(/\w+)?": "IGUserForIGOnlyAPI",
                        _COMMENTS: "IGComment",
                        _MEDIA: "IGMediaForIGOnlyAPI",
                    },
                    aliases={"User": "IGUserForIGOnlyAPI", "Media": "IGMediaForIGOnlyAPI", "Comment": "IGComment"},
                ),
            }
        ),
        undeclared={
            r"POST /v26.0/oauth/access_token": "the token endpoint is told in the guide of Facebook Login",
            r"POST /oauth/access_token": "the token endpoint is told in the guide of Instagram Login",
            r"GET /v26.0/177\d{14}": "containers are told in the guide of publishing",
        },
        excused={
            r"\btasks\b": "recorded with the Pages of a person, and missing in the list of a Page's fields",
            r"POST IGUserForIGOnlyAPI/media_publish": "the list spells it mediapublish, the guide of publishing so",
            r"DELETE IGMediaForIGOnlyAPI": "in the list of the other product, and announced for both",
            r"total_value, which InsightsResult": "told in the guide of insights, and recorded with Facebook Login",
        },
    ),
)
