// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.contract

import java.util.function.Supplier

/**
 * The duties of every UDP port, as checks that run over any of them: the real one, the one in memory, and yours. Each check takes a reactor
 * from a [StreamHarness], opens ports on it, and looks at what arrives.
 *
 * ```kotlin
 * class MyDatagramsSpec : StringSpec({
 *     DatagramContract { MyHarness() }.checks.forEach { check -> check.name { check.run() } }
 * })
 * ```
 * ```java
 * @TestFactory
 * Stream<DynamicTest> contract() {
 *     return new DatagramContract(MyHarness::new).checks().stream().map(c -> dynamicTest(c.name(), c::run));
 * }
 * ```
 *
 * The checks expect a network that loses nothing between two ports of one machine.
 */
public class DatagramContract(private val harness: Supplier<StreamHarness>) {
    /** The checks for every UDP port: datagrams, addresses, errors, opening and closing. */
    @get:JvmName("ports")
    public val ports: List<StreamCheck> = (datagramExchange + datagramErrors + datagramLife).toChecks()

    /** The checks for a port that hears of refusals, as sockets do where the machine tells. */
    @get:JvmName("refusals")
    public val refusals: List<StreamCheck> = datagramRefusals.toChecks()

    /** The checks for a port that knows groups. */
    @get:JvmName("groups")
    public val groups: List<StreamCheck> = datagramGroups.toChecks()

    /** The checks for a port that chooses among the sources of a group. */
    @get:JvmName("sources")
    public val sources: List<StreamCheck> = datagramSources.toChecks()

    /** The checks for a machine with IPv6. */
    @get:JvmName("ipv6")
    public val ipv6: List<StreamCheck> = datagramsOverIpv6.toChecks()

    /** All checks, each independent of the others. */
    @get:JvmName("checks")
    public val checks: List<StreamCheck> = ports + refusals + groups + sources + ipv6

    private fun Checks.toChecks() = map { (name, body) -> StreamCheck(name) { runCheck(harness, body) } }
}
