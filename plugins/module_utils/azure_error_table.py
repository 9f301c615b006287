"""Codes of Azure Resource Manager and Entra ID -> ours, and what each rules out."""

LOG_IN = "Log in again (`az login`), or set AZURE_CLIENT_ID, AZURE_CLIENT_SECRET and AZURE_TENANT_ID anew."
REGISTER = "az provider register --namespace Microsoft.Compute, and Microsoft.Network."

TABLE = (
    (
        "provision.quota",
        "region",
        r"OperationNotAllowed|PreflightValidation\w*|\w*QuotaExceeded\w*|\w+CountLimitReached|ResourceCountExceedsLimit\w*",
        r"quota|exceed|maximum|limit|more than",
        "the subscription's quota is used up",
        "Ask for more in the portal (Quotas, Compute), or free what is there.",
        False,
    ),
    (
        "provision.no_capacity",
        "zone",
        r"ZonalAllocationFailed|OverconstrainedZonalAllocationRequest|ZoneNotSupported|AvailabilityZoneNotSupported|"
        r"ResourceTypeNotSupportAvailabilityZones|InvalidAvailabilityZone|AllocationFailed\w*|AllocationTimeout|"
        r"OverconstrainedAllocationRequest|SpotAllocationFailed|CapacityNotAvailable|InsufficientCapacity\w*|"
        r"SubnetIsFull|SubnetFull",
        "",
        "there is no capacity now",
        "Another zone, region or instance type may have some; --retry-until-up waits.",
        True,
    ),
    (
        "provision.no_capacity",
        "zone",
        r"SkuNotAvailable|NotAvailableForSubscription|SkuNotAvailableForSubscription",
        "",
        "the instance type is not to be had here",
        "Another zone, region or instance type may do; `az vm list-skus --location REGION --size SIZE` tells why.",
        True,
    ),
    (
        "provision.auth",
        "cloud",
        r"ExpiredAuthenticationToken|InvalidAuthenticationTokenExpired|TokenExpired|"
        r"AADSTS(70008|700082|50173|700084|70043|50078|7000222|53003|500133|700024)",
        "",
        "the credentials have expired",
        LOG_IN,
        False,
    ),
    (
        "provision.auth",
        "cloud",
        r"NoCredentials|AzureCliMissing|AzureCliFailed|ProfileMissing",
        "",
        "there are no usable credentials",
        LOG_IN,
        False,
    ),
    (
        "provision.auth",
        "cloud",
        r"InvalidAuthenticationToken\w*|AuthenticationFailed\w*|SubscriptionNotFound|InvalidSubscriptionId|"
        r"DisallowedOperation|\w*SubscriptionDisabled|ReadOnlyDisabledSubscription|SubscriptionNotRegistered|"
        r"AADSTS(?!90033|50196)\d+|invalid_client|invalid_grant|invalid_request|unauthorized_client|NoSubscription",
        "",
        "the login or the subscription was refused",
        "`az account show` tells whose login it is; AZURE_SUBSCRIPTION_ID or config azure.subscription_id chooses.",
        False,
    ),
    (
        "provision.permission",
        "cloud",
        r"MissingSubscriptionRegistration",
        "",
        "a service is not registered",
        REGISTER,
        False,
    ),
    (
        "provision.permission",
        "cloud",
        r"AuthorizationFailed|LinkedAuthorizationFailed|LinkedAccessCheckFailed|AuthorizationPermissionMismatch|"
        r"RequestDisallowedBy(Policy|Azure)|RoleAssignmentLimitExceeded|ScopeLocked|DenyAssignmentAuthorizationFailed|"
        r"Forbidden",
        "",
        "a permission is missing",
        "docs/guides/azure.md has the role that stix needs.",
        False,
    ),
    (
        "provision.config",
        "type",
        r"MarketplacePurchaseEligibilityFailed|ResourcePurchaseValidationFailed|VMMarketplaceInvalidInput|"
        r"PlanNotFound|ResourcePurchaseCanceled|UserError",
        "",
        "the image's terms are not accepted, or its plan was refused",
        "az vm image terms accept --urn PUBLISHER:OFFER:SKU:VERSION",
        False,
    ),
    (
        "provision.transient",
        "region",
        r"TooManyRequests|SubscriptionRequestsThrottled|OperationPreempted|\w*Throttl\w*|ServerBusy|ServerTimeout|"
        r"RequestTimeout|GatewayTimeout|BadGateway|ServiceUnavailable|InternalServerError|InternalExecutionError|"
        r"InternalError|NetworkingInternalOperationError|InternalOperationError|VMStartTimedOut|OSProvisioningTimedOut|"
        r"OSProvisioningInternalError|HTTP5\d\d|ConnectionError|ConnectionRefusedError|ConnectionResetError|"
        r"RemoteDisconnected|BrokenPipeError|TimeoutError|timeout|gaierror|OSError|IncompleteRead|BadStatusLine|"
        r"temporarily_unavailable|AADSTS(90033|50196)",
        "",
        "Azure is busy or cannot be reached",
        "Try again.",
        True,
    ),
    (
        "provision.transient",
        "",
        r"Conflict\w*|OperationNotAllowed|AnotherOperationInProgress|RetryableError\w*|ResourceGroupBeingDeleted|"
        r"ReferencedResourceNotProvisioned|NicReservedForAnotherVm|\w*InUse\w*|CanceledAndSupersededDueToAnotherOperation|"
        r"Canceled|PreconditionFailed|AttachDiskWhileBeingDetached|NetworkInterfaceCountExceeded",
        "",
        "something of the cluster is just changing",
        "Try again.",
        True,
    ),
    (
        "provision.config",
        "type",
        r"InvalidParameter|BadRequest|InvalidRequest\w*|PropertyChangeNotAllowed",
        r"vm ?size|hypervisor generation|not supported for (this|the) (vm|size)|architecture",
        "the instance type does not serve",
        "Is it one of this region, and does the image suit it?",
        False,
    ),
    (
        "provision.config",
        "region",
        r"Invalid\w*|BadRequest\w*|\w*NotFound|ImageNot\w+|PlatformImage\w+|\w*NotSupported\w*|LocationNot\w+|"
        r"NoRegisteredProviderFound\w*|PropertyChangeNotAllowed|ParentResource\w+|Missing\w+|TagCount\w+|"
        r"\w*RuleC\w+|SSLCertVerificationError|SSLError|DiskSize\w+|ResizeDiskError|StorageAccount\w+",
        "",
        "a setting was refused",
        "Check image_id, disk, labels and config.azure.",
        False,
    ),
)
"""(code, scope, Azure's codes, words the message must hold, sentence, hint, retryable); the first that matches wins.

scope is what it rules out for now: `zone`, `type` (this instance type, in this region), `region`, `cloud`, or nothing.
"""
