// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.defer.await
import dev.torsion.reactor.Reactor
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.withContext

/** The result of [call], which the thread pool runs. A cancellation waits for [call]: nobody closes a file while it is read or written. */
internal suspend fun <T> Reactor.inPool(call: () -> T): T = withContext(NonCancellable) { deferToThread(call).await() }
