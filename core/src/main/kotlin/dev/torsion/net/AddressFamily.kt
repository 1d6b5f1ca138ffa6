// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

import java.net.Inet4Address
import java.net.Inet6Address
import java.net.InetAddress

/** Which addresses of a host are wanted. */
public enum class AddressFamily {
    /** All of them. */
    ANY,

    /** IPv4 only. */
    IPV4,

    /** IPv6 only. */
    IPV6,

    ;

    /** Whether [address] is one of these. */
    public operator fun contains(address: InetAddress): Boolean = when (this) {
        ANY -> true
        IPV4 -> address is Inet4Address
        IPV6 -> address is Inet6Address
    }
}
