// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

import java.io.IOException

/** An address that cannot be written or connected to, such as the name of a host; Twisted's `InvalidAddressError`. */
public class InvalidAddressException(
    /** The address that was given. */
    public val address: String,
    message: String,
) : IllegalArgumentException(message)

/** A datagram is longer than can be sent to its address; Twisted's `MessageLengthError`. Nothing was sent. */
public class DatagramTooLongException
@JvmOverloads
constructor(
    /** How many bytes it has. */
    public val size: Int,
    cause: Throwable? = null,
) : IOException(
    "A datagram of $size bytes is too long to be sent: over IPv4 there is room for 65507 bytes, over IPv6 for 65527, and some systems take fewer.",
    cause,
)

/** A group could not be joined or left; Twisted's `MulticastJoinError`. */
public class MulticastException
@JvmOverloads
constructor(message: String, cause: Throwable? = null) : IOException(message, cause)

/** The UDP port is closed: nothing comes from it any more, and nothing goes out. */
public class PortClosedException(
    /** The local address that it had. */
    public val address: Address,
) : IOException("The UDP port $address is closed.")
