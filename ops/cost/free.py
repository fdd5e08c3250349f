"""Which types cost nothing by themselves? What uses them is priced where it stands."""

from __future__ import annotations

from typing import Final

_OF_SERVICES: Final = {
    "accessanalyzer": "archiveRule",
    "acm": "certificate certificateValidation",
    "amp": "alertManagerDefinition ruleGroupNamespace",
    "apigateway": "account deployment integration integrationResponse method methodResponse methodSettings "
    "model requestValidator resource stage",
    "apigatewayv2": "authorizer deployment integration route stage vpcLink",
    "appautoscaling": "policy scheduledAction target",
    "appconfig": "application deployment deploymentStrategy environment hostedConfigurationVersion",
    "athena": "dataCatalog database namedQuery preparedStatement",
    "backup": "globalSettings plan regionSettings reportPlan restoreTestingSelection selection "
    "vaultLockConfiguration vaultNotifications vaultPolicy",
    "budgets": "budget",
    "cfg": "configurationAggregator deliveryChannel recorderStatus remediationConfiguration "
    "retentionConfiguration",
    "chatbot": "slackChannelConfiguration teamsChannelConfiguration",
    "cloudwatch": "eventApiDestination eventBusPolicy eventConnection eventPermission eventRule eventTarget "
    "logDataProtectionPolicy logDestination logDestinationPolicy logResourcePolicy logStream "
    "logSubscriptionFilter queryDefinition",
    "codebuild": "reportGroup sourceCredential webhook",
    "costexplorer": "anomalyMonitor anomalySubscription costAllocationTag costCategory",
    "dynamodb": "kinesisStreamingDestination resourcePolicy",
    "ebs": "defaultKmsKey encryptionByDefault snapshotBlockPublicAccess",
    "ec2": "defaultNetworkAcl defaultRouteTable defaultSecurityGroup defaultVpcDhcpOptions eipAssociation "
    "imageBlockPublicAccess instanceMetadataDefaults internetGateway keyPair launchTemplate "
    "mainRouteTableAssociation managedPrefixList networkAcl networkAclAssociation networkAclRule route "
    "routeTable routeTableAssociation securityGroup securityGroupAssociation securityGroupRule subnet vpc "
    "vpcDhcpOptions vpcDhcpOptionsAssociation vpcEndpointPolicy vpcEndpointRouteTableAssociation "
    "vpcEndpointSecurityGroupAssociation vpcEndpointSubnetAssociation vpcIpv4CidrBlockAssociation",
    "ecr": "accountSetting lifecyclePolicy pullThroughCacheRule registryPolicy "
    "registryScanningConfiguration replicationConfiguration repositoryCreationTemplate repositoryPolicy",
    "eks": "accessEntry accessPolicyAssociation addon podIdentityAssociation",
    "glue": "catalogDatabase catalogTable classifier connection dataCatalogEncryptionSettings partition "
    "partitionIndex registry resourcePolicy schema securityConfiguration trigger workflow",
    "grafana": "licenseAssociation roleAssociation workspaceSamlConfiguration",
    "guardduty": "detectorFeature filter iPSet publishingDestination threatIntelSet",
    "iam": "accessKey accountAlias accountPasswordPolicy group groupMembership groupPolicy "
    "groupPolicyAttachment instanceProfile openIdConnectProvider policy role rolePolicy "
    "rolePoliciesExclusive rolePolicyAttachment rolePolicyAttachmentsExclusive samlProvider "
    "serviceLinkedRole user userGroupMembership userPolicy userPolicyAttachment",
    "kinesis": "resourcePolicy",
    "kinesisanalyticsv2": "applicationSnapshot",
    "kms": "alias grant keyPolicy",
    "lakeformation": "dataLakeSettings lfTag permissions resource resourceLfTag",
    "lambda": "alias codeSigningConfig invocation eventSourceMapping functionEventInvokeConfig functionUrl "
    "layerVersion permission",
    "lb": "listener listenerCertificate listenerRule targetGroup targetGroupAttachment",
    "macie2": "classificationExportConfiguration findingsFilter",
    "msk": "clusterPolicy configuration scramSecretAssociation",
    "oam": "link sink sinkPolicy",
    "resourcegroups": "group",
    "route53": "record",
    "s3": "accountPublicAccessBlock analyticsConfiguration bucketAcl bucketCorsConfiguration "
    "bucketLifecycleConfiguration bucketLogging bucketMetric bucketNotification bucketObject bucketObjectv2 "
    "bucketObjectLockConfiguration bucketOwnershipControls bucketPolicy bucketPublicAccessBlock "
    "bucketRequestPaymentConfiguration bucketServerSideEncryptionConfiguration bucketVersioning "
    "bucketWebsiteConfiguration inventory",
    "sagemaker": "appImageConfig codeRepository device deviceFleet domain image imageVersion model "
    "modelPackageGroup modelPackageGroupPolicy notebookInstanceLifecycleConfiguration project "
    "servicecatalogPortfolioStatus studioLifecycleConfig userProfile",
    "scheduler": "scheduleGroup",
    "secretsmanager": "secretPolicy secretRotation secretVersion",
    "securityhub": "account actionTarget automationRule findingAggregator insight productSubscription "
    "standardsControl standardsControlAssociation",
    "sfn": "activity alias",
    "sns": "topicDataProtectionPolicy topicPolicy topicSubscription",
    "sqs": "queuePolicy redriveAllowPolicy redrivePolicy",
    "ssm": "document parameter",
    "vpc": "securityGroupEgressRule securityGroupIngressRule",
    "wafv2": "ipSet regexPatternSet webAclAssociation webAclLoggingConfiguration",
    "xray": "encryptionConfig samplingRule",
}

FREE: Final = frozenset(
    f"{service}/{type}" for service, types in _OF_SERVICES.items() for type in types.split()
)
"""Types such as `iam/role`."""
