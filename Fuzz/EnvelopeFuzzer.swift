// libFuzzer's entry. Built by `./run fuzz` together with the sources of the module TallySchema, as one module.

private let decoder = RPCMessageDecoder(limits: .standard)

/// Decodes bytes as the body of a request, and checks what must hold of whatever comes out.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzEnvelope(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let body = Array(UnsafeBufferPointer(start: start, count: count))[...]
  let isJSON = (try? JSONValue(parsing: body, depthLimit: Limits.standard.jsonDepth)) != nil
  do throws(RPCError) {
    let message = try decoder.decode(body)
    precondition(isJSON, "a body was accepted that isn't JSON")
    switch message {
    case .single(let item): check(item)
    case .batch(let items):
      precondition(!items.isEmpty && items.count <= decoder.batchLimit)
      items.forEach(check)
    }
  } catch {
    precondition((error.code == RPCError.parseCode) == !isJSON, "a parse error, and only that, for what isn't JSON")
  }
  return 0
}

private func check(_ item: RPCItem) {
  switch item {
  case .invalid(let id, let error):
    precondition(error.code == RPCError.invalidRequestCode)
    check(id)
  case .call(let request):
    if let id = request.id { check(id) }
    // What is written is read back as the same call, with its ID and parameters to the byte.
    let again = try? decoder.decode(request.encoded()[...])
    precondition(again == .single(.call(request)), "a call changed on its way")
    guard let parameters = request.parameters, let value = try? JSONValue(parsing: parameters) else { return }
    precondition((try? JSONValue(parsing: value.bytes[...])) == value, "a value changed on its way")
    _ = try? SubmitParameters(raw: parameters, limits: .standard)
    _ = try? ProgressParameters(raw: parameters, limits: .standard)
    _ = try? ListParameters(raw: parameters, limits: .standard)
  }
}

/// An ID is a string, a number or null, and is echoed as it came.
private func check(_ id: RPCID) {
  switch try? JSONValue(parsing: id.rawText) {
  case .null, .string, .number, .unpairedSurrogate: break
  default: preconditionFailure("an ID of another type: \(id.rawText)")
  }
}
