"""Who asks: a token for Resource Manager by the credentials that azure.azcollection and Azure's tools know.

In this order: a service principal of the environment (secret, certificate or federated token), a profile of
`~/.azure/credentials`, the login of `az`, the managed identity of the machine that this runs on.
"""

import base64
import configparser
import json
import os
import subprocess
import urllib.parse
from pathlib import Path

from ansible_collections.stix.core.plugins.module_utils.azure_errors import classify, classify_answer
from ansible_collections.stix.core.plugins.module_utils.failure import Failure

CLOUDS = {
    "AzureCloud": ("management.azure.com", "login.microsoftonline.com"),
    "AzureUSGovernment": ("management.usgovcloudapi.net", "login.microsoftonline.us"),
    "AzureChinaCloud": ("management.chinacloudapi.cn", "login.chinacloudapi.cn"),
}
"""Name of a cloud -> hosts of Resource Manager and of Entra ID."""

METADATA = "http://169.254.169.254/metadata/identity/oauth2/token"
ASSET = "7783-7084-3265-9085-8269-3286-77"
"""The asset tag of every virtual machine of Azure."""

SECRETS = ("AZURE_CLIENT_SECRET", "AZURE_SECRET")
"""What `az` does not need to know."""

SOURCES = ("auto", "env", "credential_file", "cli", "msi")
"""Values of the setting `auth_source`, named as azure.azcollection names them."""


class Login:
    """Credentials, found when the first token is wanted.

    Args:
        rest: sends requests.
        environ: `AZURE_*` of it count.
        config: settings; `auth_source`, `profile`, `cloud` and `subscription_id` of it count.

    Attributes:
        host: of Resource Manager.
    """

    def __init__(self, rest, environ, config):
        self.rest = rest
        self.environ = environ
        self.config = config
        cloud = config.get("cloud") or environ.get("AZURE_CLOUD_ENVIRONMENT") or "AzureCloud"
        if cloud not in CLOUDS:
            raise Failure("provision.config", "Azure has no cloud '%s'" % cloud, "Known are: %s." % ", ".join(CLOUDS))
        self.host, self.authority = CLOUDS[cloud]
        self.source = config.get("auth_source") or environ.get("ANSIBLE_AZURE_AUTH_SOURCE") or "auto"
        if self.source not in SOURCES:
            raise Failure(
                "provision.config", "Azure has no auth_source '%s'" % self.source, "Known are: %s." % ", ".join(SOURCES)
            )

    def subscription(self):
        """Id of the subscription that is named somewhere; empty: nowhere."""
        named = self.config.get("subscription_id") or self.environ.get("AZURE_SUBSCRIPTION_ID")
        return named or self._file().get("subscription_id") or self._cli_subscription()

    def token(self):
        """A bearer token.

        Raises:
            Failure: `provision.auth` and others.
        """
        principal = self._principal()
        if self.source in ("auto", "env") and principal:
            return self._of_principal(principal)
        profile = self._file()
        if self.source in ("auto", "credential_file") and profile:
            return self._of_principal(profile)
        if self.source in ("auto", "cli") and (self.source == "cli" or (self._folder() / "azureProfile.json").exists()):
            return self._of_cli()
        if self.source in ("auto", "msi") and (self.source == "msi" or _on_azure()):
            return self._of_identity()
        raise classify("NoCredentials", "no service principal in the environment, no profile, no login of az")

    def _principal(self):
        named = {
            "client_id": ("AZURE_CLIENT_ID",),
            "secret": ("AZURE_CLIENT_SECRET", "AZURE_SECRET"),
            "tenant": ("AZURE_TENANT_ID", "AZURE_TENANT"),
            "certificate": ("AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_X509_CERTIFICATE_PATH"),
            "federated": ("AZURE_FEDERATED_TOKEN_FILE",),
        }
        found = {
            key: next((self.environ[name] for name in names if self.environ.get(name)), "")
            for key, names in named.items()
        }
        proof = found["secret"] or found["certificate"] or found["federated"]
        return found if found["client_id"] and found["tenant"] and proof else {}

    def _file(self):
        """The profile of `~/.azure/credentials` as a map; empty when there is none."""
        if self.source not in ("auto", "credential_file"):
            return {}
        name = self.config.get("profile") or self.environ.get("AZURE_PROFILE") or "default"
        file = configparser.ConfigParser(interpolation=None)
        file.read(self._folder() / "credentials", encoding="utf-8")
        if name not in file:
            if name != "default":
                raise classify("ProfileMissing", "~/.azure/credentials has no profile '%s'" % name)
            return {}
        return dict(file[name])

    def _folder(self):
        return Path(os.path.expanduser(self.environ.get("AZURE_CONFIG_DIR") or "~/.azure"))

    def _cli_subscription(self):
        try:
            found = json.loads((self._folder() / "azureProfile.json").read_text(encoding="utf-8-sig"))
        except (OSError, ValueError):
            return ""
        return next((one["id"] for one in found.get("subscriptions") or [] if one.get("isDefault")), "")

    def _of_principal(self, principal):
        form = {"grant_type": "client_credentials", "client_id": principal.get("client_id") or ""}
        form["scope"] = "https://%s/.default" % self.host
        tenant = principal.get("tenant") or ""
        if principal.get("secret"):
            form["client_secret"] = principal["secret"]
        else:
            form["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            form["client_assertion"] = self._assertion(principal, tenant)
        url = "https://%s/%s/oauth2/v2.0/token" % (self.authority, urllib.parse.quote(tenant))
        return self._taken(self.rest.send("POST", url, urllib.parse.urlencode(form)))

    def _assertion(self, principal, tenant):
        """What proves a principal that has no secret: a token of another issuer, or one signed by its certificate."""
        if principal.get("federated"):
            return Path(principal["federated"]).read_text(encoding="utf-8").strip()
        from ansible_collections.stix.core.plugins.module_utils.azure_certificate import signed

        audience = "https://%s/%s/oauth2/v2.0/token" % (self.authority, tenant)
        return signed(Path(principal["certificate"]), principal["client_id"], audience)

    def _of_cli(self):
        words = ["az", "account", "get-access-token", "--output", "json", "--resource", "https://%s/" % self.host]
        subscription = self.config.get("subscription_id") or self.environ.get("AZURE_SUBSCRIPTION_ID")
        words += ["--subscription", subscription] if subscription else []
        try:
            done = subprocess.run(
                words, capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL,
                env={name: value for name, value in self.environ.items() if name not in SECRETS},
            )  # fmt: skip
        except FileNotFoundError:
            raise classify("AzureCliMissing", "there is a login of az, but no command az") from None
        except subprocess.TimeoutExpired:
            raise classify("AzureCliFailed", "az account get-access-token did not answer") from None
        if done.returncode:
            raise classify("AzureCliFailed", done.stderr or done.stdout)
        return str(json.loads(done.stdout)["accessToken"])

    def _of_identity(self):
        query = {"api-version": "2018-02-01", "resource": "https://%s/" % self.host}
        if self.environ.get("AZURE_CLIENT_ID"):
            query["client_id"] = self.environ["AZURE_CLIENT_ID"]
        url = METADATA + "?" + urllib.parse.urlencode(query)
        return self._taken(self.rest.send("GET", url, headers={"Metadata": "true"}))

    def _taken(self, answer):
        if answer.status != 200 or not (answer.body or {}).get("access_token"):
            raise classify_answer(answer.status, answer.body)
        return str(answer.body["access_token"])


def _on_azure():
    try:
        return Path("/sys/class/dmi/id/chassis_asset_tag").read_text().strip() == ASSET
    except OSError:
        return False


def claims(token):
    """What a token says of its owner, unchecked; empty when it cannot be read."""
    try:
        middle = token.split(".")[1]
        return json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    except (IndexError, ValueError):
        return {}


def environment():
    """This process's variables."""
    return dict(os.environ)
