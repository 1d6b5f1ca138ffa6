// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.log

/** The names of the values in the library's own events. Their values are text, unless something else is said here. */
public object LogKeys {
    /** The reactor: the name of its thread. */
    public const val REACTOR: String = "reactor"

    /** Our end of a connection, or the address that a port listens on. */
    public const val HOST: String = "host"

    /** The other end of a connection. */
    public const val PEER: String = "peer"

    /** Where a client connects to, as it was told. */
    public const val DESTINATION: String = "destination"

    /** A factory's [dev.torsion.net.Factory.logPrefix]. */
    public const val FACTORY: String = "factory"

    /** A service's `toString`: its name and its state. */
    public const val SERVICE: String = "service"

    /** The work during which an error came up. */
    public const val CONTEXT: String = "context"

    /** Why something ended. */
    public const val REASON: String = "reason"
}
