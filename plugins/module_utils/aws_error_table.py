"""EC2's error codes -> ours, what each rules out, and what to tell."""

LOG_IN = "Log in again (`aws sso login`, `aws configure`), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."

TABLE = (
    (
        "provision.no_capacity",
        "zone",
        r"Insufficient(Instance|Host|ReservedInstance)Capacity|InsufficientCapacity\w*|ReservationCapacityExceeded|"
        r"SpotMaxPriceTooLow|InsufficientVolumeCapacity|capacity-not-available|SpotInstanceTermination|"
        r"UnfulfillableCapacity|MaxScheduledInstanceCapacityExceeded|CapacityReservationNotActive",
        "there is no capacity now",
        "Another zone, region or instance type may have some; --retry-until-up waits.",
        True,
    ),
    (
        "provision.no_capacity",
        "zone",
        r"Unsupported|InsufficientFreeAddressesInSubnet|InvalidAvailabilityZone",
        "the zone cannot serve this",
        "Another zone may have this instance type.",
        False,
    ),
    (
        "provision.quota",
        "region",
        r"VcpuLimitExceeded|InstanceLimitExceeded|MaxSpotInstanceCountExceeded|VolumeLimitExceeded|"
        r"MaxIOPSLimitExceeded|(NetworkInterface|Address|SecurityGroup|KeyPair|Resource|Tag|PlacementGroup)LimitExceeded|"
        r"RulesPerSecurityGroupLimitExceeded|SecurityGroupsPerInterfaceLimitExceeded|\w+QuotaExceeded|"
        r"LimitExceededException",
        "the account's quota is used up",
        "Ask for more in the console (Service Quotas, Amazon EC2), or free what is there.",
        False,
    ),
    (
        "provision.auth",
        "cloud",
        r"ExpiredToken(Exception)?|RequestExpired|TokenRefreshRequired|SSOTokenLoadError|UnauthorizedSSOTokenError|"
        r"TokenRetrievalError|LoginRefreshRequired",
        "the credentials have expired",
        LOG_IN,
        False,
    ),
    (
        "provision.auth",
        "cloud",
        r"NoCredentialsError|PartialCredentialsError|CredentialRetrievalError|ProfileNotFound|NoAuthTokenError|"
        r"ConfigParseError|InvalidConfigError",
        "there are no usable credentials",
        LOG_IN,
        False,
    ),
    (
        "provision.auth",
        "cloud",
        r"AuthFailure|InvalidClientTokenId|InvalidAccessKeyId|UnrecognizedClientException|SignatureDoesNotMatch|"
        r"InvalidSignatureException|IncompleteSignature|MissingAuthenticationToken|PendingVerification|"
        r"Blocked",
        "the account or its keys were refused",
        "`aws sts get-caller-identity` shows whose keys are used; a region may have to be enabled for the account.",
        False,
    ),
    (
        "provision.permission",
        "cloud",
        r"AuthFailure\.ServiceLinkedRoleCreationNotPermitted",
        "the account has no role for spot machines yet, and may not make it",
        "Once, with the permission for it: aws iam create-service-linked-role --aws-service-name spot.amazonaws.com",
        False,
    ),
    (
        "provision.config",
        "region",
        r"OptInRequired|RegionDisabledException",
        "the region must be enabled for the account",
        "Enable it in the console (Account, AWS Regions); it takes some minutes.",
        False,
    ),
    (
        "provision.config",
        "cloud",
        r"MarketplaceTerms",
        "the terms of the image are not accepted",
        "Accept them at the address that the message names.",
        False,
    ),
    (
        "provision.config",
        "region",
        r"ImageNotShared",
        "the image is private",
        "Have its owner share it with the account, or name another image_id.",
        False,
    ),
    (
        "provision.config",
        "region",
        r"ClientLaunchError",
        "the machine ended at its start by a mistake of the account's settings",
        "Mostly the key of an encrypted disk may not be used: check its policy and that of the image.",
        False,
    ),
    (
        "provision.config",
        "cloud",
        r"TagPolicyViolation|OperationNotPermitted",
        "a rule of the account forbids it",
        "Tag policies and termination protection (aws ec2 modify-instance-attribute) are such rules.",
        False,
    ),
    (
        "provision.permission",
        "cloud",
        r"UnauthorizedOperation|AccessDenied(Exception)?|UnauthorizedAccess|AuthorizationError",
        "a permission is missing",
        "docs/guides/aws.md has the policy that stix needs.",
        False,
    ),
    (
        "provision.transient",
        "region",
        r"RequestLimitExceeded|Throttl\w*|TooManyRequests\w*|Unavailable|ServiceUnavailable|InternalError|"
        r"InternalFailure|RequestTimeout|EndpointConnectionError|ConnectTimeoutError|ReadTimeoutError|"
        r"ConnectionClosedError|ConnectionError|ProxyConnectionError|HTTPClientError|ResponseStreamingError|"
        r"IncompleteReadError",
        "EC2 is busy or cannot be reached",
        "Try again.",
        True,
    ),
    (
        "provision.transient",
        "",
        r"DependencyViolation|IncorrectState|IncorrectInstanceState|IncorrectSpotRequestState|ResourceInUse|"
        r"InvalidGroup\.(Duplicate|InUse)|InvalidKeyPair\.Duplicate|InvalidInstanceID\.NotFound|"
        r"IdempotentInstanceTerminated|ConcurrentTagAccess",
        "something of the cluster is just changing",
        "Try again.",
        True,
    ),
    (
        "provision.unsupported",
        "type",
        r"UnsupportedOperation|UnsupportedHibernationConfiguration",
        "EC2 cannot do that with this machine",
        "A spot machine can be stopped only when config has aws.spot_interruption: stop.",
        False,
    ),
    (
        "provision.config",
        "type",
        r"InvalidInstanceType|UnsupportedInstanceTypeOn\w+|UnsupportedTenancy",
        "the instance type does not serve",
        "Is it one of this region?",
        False,
    ),
    (
        "provision.config",
        "region",
        r"Invalid\w+(\.\w+)*|MissingParameter|Unknown\w+|ParameterNotFound|VPCIdNotSpecified|VPCResourceNotSpecified|"
        r"MalformedAMIID|NonEBSInstance|EncryptedVolumesNotSupported|KeyAccessDenied\w*|ParamValidationError|"
        r"NoRegionError|InvalidRegionError|EndpointProviderError|SSLError|IdempotentParameterMismatch",
        "a setting was refused",
        "Check image_id, disk, labels and config.aws.",
        False,
    ),
)
"""(code, scope, EC2's codes or the SDK's exceptions, sentence, hint, retryable); the first that matches wholly wins.

scope is what it rules out for now: `zone`, `type` (this instance type, in this region), `region`, `cloud`, or nothing.
"""

READINGS = (
    (r"OptInRequired", r"[Mm]arketplace", "MarketplaceTerms"),
    (r"AuthFailure", r"Not authorized for images", "ImageNotShared"),
    (r"Client\.InternalError", r"", "ClientLaunchError"),
)
"""EC2's code, words that come with it, the word of ours in the table: one code of EC2's that means several things."""
