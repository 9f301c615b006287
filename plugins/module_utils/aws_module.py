"""What our modules of AWS share: how they fail, and clients of one session in any region."""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.stix.core.plugins.module_utils.aws_errors import classify_exception, classify_result
from ansible_collections.stix.core.plugins.module_utils.failure import Failure

PATIENCE = {"connect_timeout": 10, "read_timeout": 60}
HASTE = {"connect_timeout": 5, "read_timeout": 20}
"""Seconds; in haste, one region that is silent does not hold the others up for long."""

SETTINGS = frozenset(
    "vpc_name subnet_ids security_group_name use_internal_ips ssh_proxy_command instance_profile disk_encrypted "
    "spot_interruption image_owners ssh_user labels user_data extra_volumes specific_reservations "
    "prioritize_reservations use_ssm".split()
)
"""Keys of the option `config`."""


class Module(AnsibleAWSModule):
    """Fails with a `stix_error`, also when it cannot connect."""

    _session = None
    _told = None

    def fail_json(self, *args, **kwargs):
        """Ends the module; a reason that is not classified yet is."""
        if "stix_error" not in kwargs:
            kwargs["stix_error"] = classify_result(kwargs).record()
        super().fail_json(*args, **kwargs)

    def make_client(self, service, once=False, region=None, haste=False):
        """A client that repeats a call at most twice, or never.

        All are made by one session, which reads the descriptions of a service only once: for one client after the
        other, as that is not safe in threads.
        """
        from ansible_collections.amazon.aws.plugins.module_utils.botocore import get_aws_connection_info
        from boto3.session import Session
        from botocore.config import Config

        if self._told is None:  # each look would make a session of its own
            self._told = get_aws_connection_info(self)
        endpoint, keys = self._told[1], dict(self._told[2])
        profile, given = keys.pop("profile_name", None), keys.pop("aws_config", None)
        tries = {"mode": "standard", "total_max_attempts": 1 if once else 3}
        config = Config(retries=tries, max_pool_connections=32, **(HASTE if haste else PATIENCE))
        try:
            if self._session is None:
                self._session = Session(profile_name=profile)
            return self._session.client(
                service,
                region_name=region or self.place(),
                endpoint_url=endpoint,
                config=config.merge(given) if given else config,
                **keys,
            )
        except Exception as error:
            raise classify_exception(error, region=region or self.place()) from error

    def credentials(self):
        """What the clients that were made sign with."""
        return self._session.get_credentials()

    def place(self):
        """The region: the option, or the environment's, or us-east-1."""
        return self.params["region"] or self.region or "us-east-1"

    def check_settings(self):
        """Makes sure that the option `config` has known keys only.

        Raises:
            Failure: `provision.config`.
        """
        unknown = sorted(set(self.params["config"]) - SETTINGS)
        if unknown:
            hint = "Known are: %s." % ", ".join(sorted(SETTINGS))
            raise Failure("provision.config", "AWS has no setting '%s'" % unknown[0], hint, {"scope": "cloud"})

    def answer(self, result):
        """Ends the module with what `result(module)` answers, or with why it failed."""
        try:
            self.exit_json(**result(self))
        except Failure as failure:
            self.fail_json(msg=failure.message, stix_error=failure.record())
        except Exception as error:
            failure = classify_exception(error, region=self.place())
            self.fail_json(msg=failure.message, stix_error=failure.record())


def require_account(sts, account, region):
    """Makes sure that the keys are of an account: with those of another one nothing would be found.

    Raises:
        Failure: `provision.auth`, they are not; `provision.*`.
    """
    try:
        found = sts.get_caller_identity()["Account"]
    except Exception as error:
        raise classify_exception(error, region=region) from error
    if found != account:
        raise Failure(
            "provision.auth",
            "The machines are in the AWS account %s, but the keys are of %s" % (account, found),
            "Set AWS_PROFILE, or the keys, to those of %s." % account,
            {"scope": "cloud", "region": region},
        )
