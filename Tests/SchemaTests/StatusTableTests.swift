import TallySchema
import Testing

/// The one table of codes: JSON-RPC's, gRPC's, HTTP's and the shell's.
@Suite struct StatusTableTests {
  @Test func aCodeIsJSONRPCsWhereItFitsElseGRPCs() {
    #expect(RPCStatus.invalidArgument.rpcCode == -32602)
    #expect(RPCStatus.internal.rpcCode == -32603)
    #expect(RPCStatus.notFound.rpcCode == 5)
    #expect(RPCStatus.unavailable.rpcCode == 14)
    #expect(RPCError.methodNotFound("x").code == -32601)
  }

  @Test func everyStatusHasANameThatReadsBack() {
    #expect(RPCStatus.allCases.count == 16)
    for status in RPCStatus.allCases { #expect(RPCStatus(name: status.name) == status) }
  }

  @Test func exitCodesAre64AndTheNumber() {
    #expect(RPCStatus.unavailable.exitCode == 78)
    #expect(RPCStatus.notFound.exitCode == 69)
  }

  @Test(arguments: [
    (-32700, RPCStatus.invalidArgument), (-32601, .unimplemented), (-32603, .internal), (5, .notFound), (-1, .unknown),
  ])
  func anErrorWithoutDataHasTheStatusOfItsCode(code: Int, status: RPCStatus) throws {
    #expect(try RPCError(json: ["code": .number(code), "message": "m"]).status == status)
  }
}
