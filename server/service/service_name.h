/* What services are called. */
#pragma once

/* The daemon's own instance, and so what its service is called when nobody says otherwise. */
#define SERVICE_INSTANCE "zlayer-overlayd"

/* Room for the longest name that the service manager takes, 256 bytes, and its end. */
#define SERVICE_NAME_MAX 257

/* The reference's rule, so that its programs find the service: `zlayer` is ZLayerDaemon; of others
 * a leading `zlayer-` goes and the first letter becomes a capital: zlayer-overlayd is
 * ZLayerDaemon-Overlayd. -EINVAL for nothing at all, for what has a slash, a backslash or a byte
 * that is no printable ASCII in it, and for more than fits. */
int service_name(const char *instance, char ret[SERVICE_NAME_MAX]);
