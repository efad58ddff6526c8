/* SPDX-License-Identifier: MIT */
/*
 * lsa/notify: RegisterNotification of LSA_SECPKG_FUNCTION_TABLE. A package is called back on a thread of the
 * host's after some time, again and again, or when a descriptor is ready to be read.
 *
 * A notification belongs to the package whose call, callbacks included, it is registered in; the host would
 * not know otherwise when to stop. While a callback runs the package is held, so that it can be removed but
 * not unloaded under it; and before a package is shut down the host has stopped all its notifications.
 * Notifications of one waiting thread come one after the other. A fork's child begins with none (but keeps
 * the descriptors until exec).
 */
#ifndef OPENSSPI_LSA_NOTIFY_H
#define OPENSSPI_LSA_NOTIFY_H

#include <ntsecpkg.h>

/*
 * NOTIFIER_TYPE_INTERVAL: every IntervalMinutes (NOTIFIER_FLAG_SECONDS: seconds), not 0.
 * NOTIFIER_TYPE_HANDLE_WAIT: whenever WaitEvent, a descriptor's number as a HANDLE, can be read; of which a
 * copy is kept. The package reads what there is. Hung up or in error it is notified of once more, for the
 * last time. NOTIFIER_TYPE_IMMEDIATE: once, at once. NOTIFIER_FLAG_ONE_SHOT: once.
 * NOTIFIER_FLAG_NEW_THREAD: on a thread of its own; else on one that the others share.
 *
 * NULL: refused. The other types and NotificationClass speak of domains, roles and security events that do
 * not exist here; a call from a thread that is in no call of the host's; want of memory or threads.
 */
LSA_REGISTER_NOTIFICATION lsa_RegisterNotification;
/* When it returns StartFunction does not run and will not, but where it is StartFunction that asks.
 * STATUS_INVALID_HANDLE: it is over already, or never was. */
LSA_CANCEL_NOTIFICATION lsa_CancelNotification;

/* All of one package, as with CancelNotification. */
void lsa_notifications_stop(ULONG_PTR package);

#endif
