// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

/**
 * The loop could not go on. The [cause] says why: a broken selector, for example. Everything has ended as after [Reactor.stop], but the
 * reactor has waited for nothing.
 */
public class ReactorFailedException(cause: Throwable) : RuntimeException("The reactor's loop could not go on and has ended.", cause)

/** `run` or `start` on a reactor that is running. */
public class ReactorAlreadyRunningException : IllegalStateException("The reactor is already running.")

/** `run` or `start` on a reactor that was stopped: make a new one. */
public class ReactorNotRestartableException : IllegalStateException("A reactor that was stopped cannot be started again; make a new one.")

/** [Reactor.install] after the default reactor was installed or used. */
public class ReactorAlreadyInstalledException(message: String) : IllegalStateException(message)
