"""OS Login: the key goes to the profile of whoever asks, and the profile says who logs in."""

from urllib.parse import quote

from ansible_collections.stix.core.plugins.module_utils.failure import Failure

IMPORT = "https://oslogin.googleapis.com/v1/users/%s:importSshPublicKey"
WHO = "https://openidconnect.googleapis.com/v1/userinfo"


def settings(api, config, who, key):
    """The settings with the login that OS Login gives to the key; as they are where it is not asked for.

    Args:
        config: with `os_login`: true, or the e-mail address of the profile.
        who: the service account that asks; empty: somebody whose address is asked for.
        key: the public key, as text.

    Raises:
        Failure: `provision.config`, the profile has no login, or nobody knows whose it is; `provision.permission`.
    """
    wish = config.get("os_login")
    if not wish or not key:
        return config
    email = wish if isinstance(wish, str) else who or _asked(api)
    answer = api.call("POST", IMPORT % quote(email), {"key": key}, projectId=api.project)
    accounts = (answer.get("loginProfile") or {}).get("posixAccounts") or []
    mine = [one for one in accounts if one.get("accountId") in (None, "", api.project)]
    account = next((one for one in mine if one.get("primary")), mine[0] if mine else {})
    if not account.get("username"):
        words = "Google Cloud: the profile of %s has no login for OS Login" % email
        raise Failure("provision.config", words, "Ask for it: gcloud compute os-login describe-profile", {})
    return {**config, "ssh_user": account["username"]}


def _asked(api):
    """The address of the person whose credentials these are."""
    try:
        email = api.call("GET", WHO).get("email")
    except Failure:
        email = ""
    if not email:
        words = "Google Cloud: nobody knows whose OS Login profile is meant"
        raise Failure("provision.config", words, "Set config gcp.os_login to the e-mail address.", {"scope": "cloud"})
    return email
